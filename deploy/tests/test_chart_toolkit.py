"""The chart of the instrumented server renders the expected objects."""

import itertools
import os
from collections import Counter
from typing import Any

import helm_python
import kubernetes_validate
import pytest

from deploy.tests.charts import CHARTS, render

KUBERNETES = ("1.25", kubernetes_validate.latest_version())
TELEMETRY: list[dict[str, Any]] = [
    {},
    {"enabled": False},
    {"enabled": "false", "host": "https://posthog.example.com", "key": "phc_a"},
    {"enabled": "true", "host": "http://collector:8765", "existingSecret": {"name": "posthog"}},
]
STATE: list[dict[str, Any]] = [
    {},
    {"persistence": {"enabled": True}},
    {"persistence": {"enabled": True, "existingClaim": "mine"}},
    {"persistence": {"enabled": True, "storageClass": "fast", "accessMode": "ReadWriteMany", "size": "1Gi"}},
]
REST: list[dict[str, Any]] = [
    {},
    {"rbac": {"create": False}, "serviceAccount": {"create": False, "name": "own"}, "fullnameOverride": "named"},
    {
        "rbac": {"extraRules": [{"apiGroups": ["example.com"], "resources": ["*"], "verbs": ["get"]}]},
        "extraEnv": [{"name": "AI_PROVIDER", "value": "openai"}],
        "extraEnvFrom": [{"configMapRef": {"name": "more"}}],
        "imagePullSecrets": [{"name": "registry"}],
        "podAnnotations": {"a": "b"},
        "podLabels": {"c": "d"},
        "nodeSelector": {"e": "f"},
        "tolerations": [{"operator": "Exists"}],
        "affinity": {"podAntiAffinity": {}},
        "service": {"type": "NodePort", "port": 80},
    },
]
MATRIX = [{"telemetry": t, "state": s, **r} for t, s, r in itertools.product(TELEMETRY, STATE, REST)]


@pytest.mark.parametrize("values", MATRIX)
def test_every_object_is_one_that_kubernetes_takes(values: dict[str, Any]) -> None:
    """The published schemas of the oldest and the newest supported Kubernetes accept each object, strictly."""
    objects = render(values).objects
    for one, version in itertools.product(objects, KUBERNETES):
        kubernetes_validate.validate(one, version, strict=True)
    assert max(Counter((o["kind"], o["metadata"]["name"]) for o in objects).values()) == 1


@pytest.mark.parametrize("values", [MATRIX[0], MATRIX[-1], {"extraEnv": {"DOT_AI_TELEMETRY": "false"}}])
def test_helm_lint_has_nothing_to_say_but_that_there_is_no_icon(values: dict[str, Any]) -> None:
    report = helm_python.lint(CHARTS / "toolkit", values, strict=True)
    assert report["errors"] == []
    assert [m["error"] for m in report["messages"]] in ([], ["icon is recommended"])


def test_the_container_runs_the_server_over_http_and_is_probed_on_healthz() -> None:
    container = render().container
    command = [*container["command"], *container["args"]]
    assert command == ["footfall-toolkit", "--transport", "streamable-http", "--host", "0.0.0.0", "--port", "8766"]
    (port,) = container["ports"]
    assert port["containerPort"] == 8766
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"] == {"path": "/healthz", "port": port["name"]}
    assert container["image"] == "footfall/toolkit:2.2.0"


def test_the_pod_is_not_root_cannot_write_its_image_and_has_the_default_seccomp_profile() -> None:
    rendered = render()
    assert rendered.pod["securityContext"]["runAsNonRoot"] is True
    assert rendered.pod["securityContext"]["runAsUser"] > 0
    assert rendered.pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert rendered.container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize(
    ("persistence", "volume"),
    [
        ({}, {"emptyDir": {"sizeLimit": "64Mi"}}),
        ({"enabled": True}, {"persistentVolumeClaim": {"claimName": "demo-toolkit-state"}}),
        ({"enabled": True, "existingClaim": "mine"}, {"persistentVolumeClaim": {"claimName": "mine"}}),
    ],
)
def test_the_state_directory_is_a_volume_that_the_pod_may_write(persistence: Any, volume: Any) -> None:
    rendered = render({"state": {"persistence": persistence}})
    where = rendered.environment()["DOT_AI_TELEMETRY_STATE_DIR"]
    # A directory in the volume: its root belongs to another user.
    (mount,) = [m for m in rendered.container["volumeMounts"] if m["mountPath"] == os.path.dirname(where)]
    (mounted,) = [v for v in rendered.pod["volumes"] if v["name"] == mount["name"]]
    assert mounted == {"name": mount["name"], **volume}
    assert "readOnly" not in mount
    claims = [c["metadata"]["name"] for c in rendered.of_kind("PersistentVolumeClaim")]
    assert claims == (["demo-toolkit-state"] if persistence == {"enabled": True} else [])


def test_a_volume_for_one_pod_is_let_go_before_the_next_pod_starts() -> None:
    once = render({"state": {"persistence": {"enabled": True}}}).one("Deployment")
    many = render({"state": {"persistence": {"enabled": True, "accessMode": "ReadWriteMany"}}}).one("Deployment")
    assert once["spec"]["strategy"] == {"type": "Recreate"}
    assert "strategy" not in many["spec"]


def test_clients_stick_to_their_pod_where_there_are_several() -> None:
    assert render({"replicas": 3}).one("Service")["spec"]["sessionAffinity"] == "ClientIP"
    assert "sessionAffinity" not in render().one("Service")["spec"]


def test_two_releases_in_two_namespaces_share_no_cluster_wide_name() -> None:
    def names(namespace: str) -> set[str]:
        rendered = render(namespace=namespace)
        return {o["metadata"]["name"] for o in rendered.of_kind("ClusterRole") + rendered.of_kind("ClusterRoleBinding")}

    assert len(names("one")) == 2
    assert names("one").isdisjoint(names("two"))


def test_the_notes_say_that_telemetry_is_on_what_it_is_and_how_to_turn_it_off() -> None:
    notes = render().notes
    for part in ("TELEMETRY IS ON", "pseudonymous instance ID", "footfall preview", "telemetry.enabled=false"):
        assert part in notes
    assert 'extraEnv:\n    - name: DOT_AI_TELEMETRY\n      value: "false"' in notes


@pytest.mark.parametrize("off", [{"telemetry": {"enabled": False}}, {"extraEnv": {"DO_NOT_TRACK": 1}}])
def test_the_notes_say_when_telemetry_is_off(off: dict[str, Any]) -> None:
    notes = render(off).notes
    assert "Telemetry is off." in notes
    assert "TELEMETRY IS ON" not in notes
