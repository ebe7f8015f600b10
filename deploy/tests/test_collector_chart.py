"""The collector's chart renders the expected objects."""

import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import pytest

from deploy.tests.charts import CHARTS, Document, Rendered, render
from footfall_collector.store.clickhouse.address import parse_address
from scripts.generate.charts.values import Value, read_values

KUBERNETES = ("1.25", kubernetes_validate.latest_version())
CUSTOM = ("HTTPRoute", "ServiceMonitor")
"""Kinds that Kubernetes' own schemas don't know; test_custom_kinds.py has theirs."""
INGRESS = {"enabled": True, "hosts": ["footfall.example.com"]}
PROXIES = {"trusted_proxies": ["10.244.0.0/16"]}
ROUTE = {"enabled": True, "parentRefs": [{"name": "public"}], "hostnames": ["footfall.example.org"]}
CLICKHOUSE = {"url": "clickhouse://me@ch:9000/footfall?cluster=main", "existingSecret": {"name": "ch"}}
EVERYTHING: Document = {
    "backup": {"enabled": True},
    "ingress": {**INGRESS, "className": "nginx", "tls": [{"secretName": "t", "hosts": INGRESS["hosts"]}]},
    "httpRoute": ROUTE,
    "settings": PROXIES,
    "serviceMonitor": {"enabled": True},
    "networkPolicy": {"enabled": True},
    "writeKeys": [{"key": "phc_one", "product": "dot-ai"}],
}
SAMPLES: dict[str, tuple[Document, Any]] = {
    "secrets.existingSecret.signInKey": ({"secrets": {"existingSecret": {"name": "s"}}}, "other"),
    "secrets.existingSecret.pepperKey": ({"secrets": {"existingSecret": {"name": "s"}}}, "other"),
    "replicas": ({}, 0),
    "deploymentMethod": ({}, "manifest"),
    "image.pullPolicy": ({}, "Always"),
    "imagePullSecrets": ({}, [{"name": "registry"}]),
    "secrets.signIn": ({}, "a secret of my own"),
    "secrets.pepper": ({}, "a pepper of my very own"),
    "writeKeys": ({}, [{"key": "phc_two", "product": "dot-ai"}]),
    "products": ({}, {"other": {"tools": ["a"], "client_names": ["b"]}}),
    "catalogues": ({}, {"mine.py": "EVENTS = ()"}),
    "allowedHosts": ({}, [".example.net"]),
    "listen": ({}, "::"),
    "settings": ({}, {"retention_days": 180, "public_products": ["dot-ai", "b"]}),
    "clickhouse.url": ({}, "clickhouse://me@ch/footfall"),
    "clickhouse.existingSecret.name": ({"clickhouse": {"url": "clickhouse://me@ch/db"}}, "ch"),
    "clickhouse.existingSecret.key": ({"clickhouse": CLICKHOUSE}, "other"),
    "persistence.accessMode": ({}, "ReadWriteOncePod"),
    "extraEnv": ({}, {"A": 1}),
    "extraEnvFrom": ({}, [{"secretRef": {"name": "more"}}]),
    "serviceAccount.create": ({}, False),
    "service.type": ({}, "LoadBalancer"),
    "service.port": ({}, 80),
    "ingress.enabled": ({"ingress": {"hosts": ["a.example"]}, "settings": PROXIES}, True),
    "ingress.hosts": ({"ingress": INGRESS, "settings": PROXIES}, ["b.example"]),
    "ingress.tls": ({"ingress": INGRESS, "settings": PROXIES}, [{"secretName": "t"}]),
    "httpRoute.enabled": ({"httpRoute": {**ROUTE, "enabled": False}, "settings": PROXIES}, True),
    "httpRoute.parentRefs": ({"httpRoute": ROUTE, "settings": PROXIES}, [{"name": "other"}]),
    "httpRoute.hostnames": ({"httpRoute": ROUTE, "settings": PROXIES}, ["b.example"]),
    "serviceMonitor.interval": ({"serviceMonitor": {"enabled": True}}, "5m"),
    "serviceMonitor.bearerSecret.key": (
        {"serviceMonitor": {"enabled": True, "bearerSecret": {"name": "b"}}},
        "other",
    ),
    "networkPolicy.from": ({"networkPolicy": {"enabled": True}}, [{"podSelector": {}}]),
    "networkPolicy.egress": ({"networkPolicy": {"enabled": True}}, [{"ports": [{"port": 443}]}]),
    "backup.schedule": ({"backup": {"enabled": True}}, "@daily"),
    "tolerations": ({}, [{"operator": "Exists"}]),
    "topologySpreadConstraints": (
        {},
        [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
    ),
    "affinity": ({}, {"podAntiAffinity": {}}),
    "podSecurityContext": ({}, {"runAsUser": 1000}),
    "securityContext": ({}, {"privileged": False}),
    "persistence.size": ({}, "1Ti"),
    "backup.size": ({"backup": {"enabled": True}}, "1Ti"),
    "resources": ({}, {"requests": {"cpu": "1"}}),
}
"""For values whose type can't be inferred from the default: the values they depend on, and a non-default value."""


def leaves(parts: dict[str, Value], prefix: str = "") -> dict[str, Value]:
    """Every value of a chart by its path."""
    found: dict[str, Value] = {}
    for name, value in parts.items():
        found |= leaves(value.parts, f"{prefix}{name}.") if value.parts else {prefix + name: value}
    return found


VALUES = leaves(read_values((CHARTS / "collector/values.yaml").read_text()))


def at(path: str, value: Any) -> Document:
    """The values in which only the one at a path stands."""
    for name in reversed(path.split(".")):
        value = {name: value}
    return dict(value)


def merged(one: Document, other: Document) -> Document:
    """Values laid over others."""
    both = {
        n: merged(one[n], v) if isinstance(v, dict) and isinstance(one.get(n), dict) else v for n, v in other.items()
    }
    return {**one, **both}


def sample(path: str) -> tuple[Document, Any]:
    """The values that a value depends on, and a non-default value for it."""
    if path in SAMPLES:
        return SAMPLES[path]
    default, section = VALUES[path].default, path.split(".", maxsplit=1)[0]
    wanted = (section, "settings") if section in ("ingress", "httpRoute") else (section,)
    beside = {n: v for n, v in EVERYTHING.items() if n in wanted and not path.endswith(".enabled")}
    another = {bool: not default, str: "another", int: 3, dict: {"a": "b"}}[type(default)]
    return beside, another


@pytest.mark.parametrize("path", VALUES)
def test_every_value_changes_what_is_rendered_and_kubernetes_takes_it(path: str) -> None:
    fixed = {"secrets": {"signIn": "for one rendering", "pepper": "as for the other"}}
    beside, another = sample(path)
    base: Document = merged({} if path.startswith("secrets.exist") else fixed, beside)
    changed = merged(base, at(path, another))
    if path == "secrets.existingSecret.name":
        base, changed = fixed, at(path, another)
    one, other = render(base, chart="collector"), render(changed, chart="collector")
    assert json.dumps(one.objects, sort_keys=True) != json.dumps(other.objects, sort_keys=True)
    check(other)


def check(rendered: Rendered) -> None:
    """The published schemas of the oldest and the newest supported Kubernetes take each object, strictly."""
    core = [o for o in rendered.objects if o["kind"] not in CUSTOM]
    for one, version in itertools.product(core, KUBERNETES):
        kubernetes_validate.validate(one, version, strict=True)
    assert max(Counter((o["kind"], o["metadata"]["name"]) for o in rendered.objects).values()) == 1


@pytest.mark.parametrize("values", [{}, EVERYTHING, {"clickhouse": CLICKHOUSE, "replicas": 3}])
def test_every_object_is_one_that_kubernetes_takes_and_lint_has_nothing_to_say(values: dict[str, Any]) -> None:
    check(render(values, chart="collector"))
    report = helm_python.lint(CHARTS / "collector", values, strict=True)
    assert report["errors"] == []
    assert [m["error"] for m in report["messages"]] in ([], ["icon is recommended"])


def test_without_values_it_makes_what_one_collector_needs_and_nothing_else() -> None:
    kinds = Counter(o["kind"] for o in render(chart="collector").objects)
    assert kinds == {"StatefulSet": 1, "Service": 2, "Secret": 1, "ConfigMap": 1, "ServiceAccount": 1}


def test_the_probes_ask_whether_it_is_ready_and_whether_it_lives() -> None:
    container = render(chart="collector").container
    assert [*container["command"], *container["args"]] == ["footfall-collector", "serve"]
    paths = {name: container[name]["httpGet"]["path"] for name in container if name.endswith("Probe")}
    assert paths == {"startupProbe": "/readyz", "readinessProbe": "/readyz", "livenessProbe": "/healthz"}


def pods(rendered: Rendered) -> list[Document]:
    """The pods' specs: the collector's, and the backup's where there is one."""
    jobs = rendered.of_kind("CronJob")
    return [rendered.pod, *(job["spec"]["jobTemplate"]["spec"]["template"]["spec"] for job in jobs)]


def test_no_container_is_root_can_write_its_image_or_has_a_token() -> None:
    found = pods(render(EVERYTHING, chart="collector"))
    assert len(found) == 2
    for pod in found:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


def test_it_gets_no_right_in_the_cluster() -> None:
    kinds = {o["kind"] for o in render(EVERYTHING, chart="collector").objects}
    assert not {k for k in kinds if "Role" in k}


def test_the_backup_runs_beside_the_collector_on_its_volume_at_the_same_path() -> None:
    rendered = render({"backup": {"enabled": True}}, chart="collector", name="footfall")
    collector, backup = pods(rendered)
    labels = rendered.one("StatefulSet")["spec"]["template"]["metadata"]["labels"]
    (term,) = backup["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["topologyKey"] == "kubernetes.io/hostname"
    assert term["labelSelector"]["matchLabels"].items() <= labels.items()
    claims = {
        v["name"]: v["persistentVolumeClaim"]["claimName"] for v in backup["volumes"] if "persistentVolumeClaim" in v
    }
    assert claims == {"data": "data-footfall-collector-0", "backups": "footfall-collector-backups"}
    assert [c["metadata"]["name"] for c in rendered.of_kind("PersistentVolumeClaim")] == [claims["backups"]]
    (its,), (collectors,) = backup["containers"], collector["containers"]
    own = [m["name"] for m in its["volumeMounts"] if m not in collectors["volumeMounts"]]
    assert own == ["backups"]
    assert collector["securityContext"] == backup["securityContext"]


def test_no_service_and_no_monitor_leads_to_the_backups_pod() -> None:
    rendered = render(EVERYTHING, chart="collector")
    backup = rendered.one("CronJob")["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    collector = rendered.one("StatefulSet")["spec"]["template"]["metadata"]["labels"]
    for service in rendered.of_kind("Service"):
        assert service["spec"]["selector"].items() <= collector.items()
        assert not service["spec"]["selector"].items() <= backup.items()
    monitor = rendered.one("ServiceMonitor")["spec"]["selector"]["matchLabels"].items()
    matched = [s["metadata"]["name"] for s in rendered.of_kind("Service") if monitor <= s["metadata"]["labels"].items()]
    assert matched == ["demo-collector"]


def test_with_the_embedded_store_the_policy_lets_nothing_out() -> None:
    for policy in render(EVERYTHING, chart="collector").of_kind("NetworkPolicy"):
        assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
        assert "egress" not in policy["spec"]


@pytest.mark.parametrize(
    ("url", "ports"),
    [
        ("clickhouse://ch/db", [9000]),
        ("clickhouse://me@ch:9440/db?secure=true", [9440]),
        ("clickhouse://me@ch.db.svc:19000/db?cluster=c", [19000]),
        ("clickhouse://me@one:9000,two:9001,three/db?cluster=c&quorum=2", [9000, 9001]),
    ],
)
def test_the_collector_reads_the_address_and_the_policy_lets_it_out_to_just_those_ports(
    url: str, ports: list[int]
) -> None:
    values = {"clickhouse": {"url": url}, "networkPolicy": {"enabled": True}}
    rendered = render(values, chart="collector")
    address = parse_address(rendered.environment()["FOOTFALL_STORE"])
    names, server = rendered.one("NetworkPolicy")["spec"]["egress"]
    assert {p["port"] for p in names["ports"]} == {53}
    assert server["ports"] == [{"port": port, "protocol": "TCP"} for port in ports]
    assert {port for _, port in address.hosts} == set(ports)


def test_the_longest_release_name_still_gives_names_that_kubernetes_takes() -> None:
    rendered = render({"backup": {"enabled": True}}, chart="collector", name="a" * 53)
    assert len(rendered.one("CronJob")["metadata"]["name"]) <= 52
    labels = rendered.one("StatefulSet")["spec"]["template"]["metadata"]["labels"]
    assert max(map(len, labels.values())) <= 63


def test_the_notes_say_what_senders_set_and_how_to_read() -> None:
    notes = render(chart="collector").notes
    for part in (
        "DOT_AI_POSTHOG_HOST=http://demo-collector.tools.svc:8765",
        "exec demo-collector-0 -- footfall-collector keys add --product dot-ai",
        "get secret demo-collector --output jsonpath='{.data.sign-in-secret}'",
    ):
        assert part in notes
    told = render(EVERYTHING, chart="collector").notes
    assert "phc_one  dot-ai" in told
    assert "keys add" not in told
    assert "https://footfall.example.com/" in told
    assert "https://footfall.example.org/" in told


def test_every_value_that_the_charts_documents_name_exists(root: Path) -> None:
    chart = root / "deploy/helm/collector"
    sections = {path.split(".")[0] for path in VALUES}
    for page in ("README.md", "templates/NOTES.txt", "templates/_checks.tpl"):
        text = (chart / page).read_text()
        for path in {p for s in sections for p in _named(text, s)}:
            assert any(v == path or v.startswith(f"{path}.") for v in VALUES), (page, path)


def _named(text: str, section: str) -> set[str]:
    """The dotted paths below a section that a text names in backquotes or as a whole word."""
    words = text.replace("`", " ").replace(":", " ").replace(",", " ").replace('"', " ").split()
    return {w.strip(".()'=") for w in words if w.startswith(f"{section}.") and not set("$=%") & set(w)}
