"""A real API server accepts every object of the charts, and the server in the pod reads only what its role allows."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from deploy.tests.charts import Document, Rendered, render
from deploy.tests.serving import Host, a_host
from scripts.setup.kubernetes_assets import release
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.pod import start_pod
from tests.support.toolkit_process import ToolkitProcess
from tests.support.waiting import wait_for

ONLY_TELEMETRY: dict[str, Any] = {"rbac": {"tools": False}}


def installed(plane: ControlPlane, namespace: str, values: Document) -> Rendered:
    """The toolkit's chart, applied in a separate namespace."""
    rendered = render(values, name=namespace, namespace=namespace)
    refused = [answer for answer in plane.apply(rendered.objects, namespace) if answer.status not in (200, 201)]
    assert refused == []
    return rendered


def account(rendered: Rendered) -> str:
    return str(rendered.one("ServiceAccount")["metadata"]["name"])


def started(host: Host) -> dict[str, Any]:
    """The event of the server's start, as received."""
    found: list[dict[str, Any]] = []

    def arrived() -> bool:
        found[:] = [event for event in host.events if event["event"] == "server_started"]
        return bool(found)

    wait_for(arrived, "the server's start to be sent")
    return found[0]


def noise(server: ToolkitProcess) -> list[str]:
    """Lines of the log about what the API server refused. The notice of a first start is none of them."""
    bad = re.compile(r"forbidden|refused|unauthori|kube-system|traceback|\\b403\\b", re.IGNORECASE)
    return [line for line in server.lines if bad.search(line)]


def test_the_instance_id_and_the_version_are_those_of_the_real_cluster(plane: ControlPlane, tmp_path: Path) -> None:
    rendered = installed(plane, "told", ONLY_TELEMETRY)
    token = plane.token_of(account(rendered), "told")
    with a_host() as host, start_pod(rendered, plane, host, tmp_path, token) as server:
        event = started(host)
        digest = hashlib.sha256(plane.uid_of_kube_system().encode()).hexdigest()
        assert event["distinct_id"] == f"cluster_{digest[:16]}"
        assert event["properties"]["k8s_version"] == release()
        assert event["properties"]["deployment_method"] == "helm"
        assert noise(server) == []


def test_without_the_role_there_is_no_cluster_id_and_no_noise(plane: ControlPlane, tmp_path: Path) -> None:
    """Kubernetes lets every account read the version, and nothing else."""
    rendered = installed(plane, "untold", {"rbac": {"create": False}})
    token = plane.token_of(account(rendered), "untold")
    assert plane.ask("GET", "/api/v1/namespaces/kube-system", token).status == 403
    with a_host() as host, start_pod(rendered, plane, host, tmp_path, token) as server:
        event = started(host)
        assert re.fullmatch(r"local_[0-9a-f]{16}", event["distinct_id"])
        assert event["properties"]["k8s_version"] == release()
        assert plane.uid_of_kube_system() not in str(host.batches)
        assert noise(server) == []


def test_telemetrys_account_can_read_that_one_namespace_and_nothing_else(plane: ControlPlane) -> None:
    rendered = installed(plane, "narrow", ONLY_TELEMETRY)
    token = plane.token_of(account(rendered), "narrow")
    assert plane.ask("GET", "/api/v1/namespaces/kube-system", token).status == 200
    assert plane.ask("GET", "/api/v1/namespaces/narrow", token).status == 403
    resources = [r for r in plane.resources() if {"get", "list"} & set(r[2])]
    assert len(resources) > 40
    readable = []
    for path, name, verbs in resources:
        for address in (f"{path}/{name}", f"{path}/{name}/any", f"{path}/namespaces/kube-system/{name}"):
            if plane.ask("GET", address, token).status not in (403, 404):
                readable.append((address, verbs))
    assert readable == []


@pytest.mark.parametrize("verb", ["create", "update", "patch", "delete", "deletecollection", "watch", "escalate"])
def test_no_account_of_the_chart_may_change_or_watch_anything(plane: ControlPlane, verb: str) -> None:
    rendered = installed(plane, "tools", {})
    token = plane.token_of(account(rendered), "tools")
    for group, resource in [("", "pods"), ("", "namespaces"), ("apps", "deployments"), ("", "secrets")]:
        attributes = {"group": group, "resource": resource, "verb": verb}
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
        body = review | {"spec": {"resourceAttributes": attributes}}
        answer = plane.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", token, body)
        assert (answer.status, answer.body["status"]["allowed"]) == (201, False), (resource, verb)


def test_with_the_tools_role_workloads_can_be_listed_and_secrets_can_not(plane: ControlPlane) -> None:
    rendered = installed(plane, "listing", {})
    token = plane.token_of(account(rendered), "listing")
    assert plane.ask("GET", "/api/v1/pods", token).status == 200
    assert plane.ask("GET", "/apis/apps/v1/deployments", token).status == 200
    assert plane.ask("GET", "/api/v1/secrets", token).status == 403
