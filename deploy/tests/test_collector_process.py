"""The real collector process, run as the rendered pod, starts, answers to its host names and accepts events."""

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import urllib3

from deploy.tests.charts import render
from deploy.tests.kubelet import POD_IP, Node

VALUES: dict[str, Any] = {
    "writeKeys": [{"key": "phc_of_the_values", "product": "dot-ai"}, {"key": "phc_mine", "product": "mine"}],
    "products": {"dot-ai": {}, "mine": {"catalogue": "mine.py"}},
    "catalogues": {"mine.py": "EVENTS = ()\n"},
    "settings": {
        "retention_days": 180,
        "segment_seconds": 0.1,
        "public_products": ["mine"],
        "trusted_proxies": ["10.244.0.0/16"],
    },
    "ingress": {"enabled": True, "hosts": ["footfall.example.com"]},
    "httpRoute": {"enabled": True, "parentRefs": [{"name": "public"}], "hostnames": ["*.example.org"]},
    "backup": {"enabled": True, "keep": 2},
}
NAMES = [
    POD_IP,
    "demo-collector",
    "demo-collector.tools",
    "demo-collector.tools.svc",
    "demo-collector.tools.svc.cluster.local",
    "demo-collector-0.demo-collector-pods.tools.svc.cluster.local",
    "footfall.example.com",
    "a.example.org",
]
EVENT = {
    "event": "tool_executed",
    "distinct_id": "cluster_f809cce5a77d3fbe",
    "uuid": "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    "properties": {"tool": "recommend", "success": True, "duration_ms": 12, "mcp_client": "claude-code"},
}


def ask(address: str, path: str, host: str, **more: Any) -> urllib3.BaseHTTPResponse:
    """One request under a host name."""
    headers = {"Host": f"{host}:8765", **more.pop("headers", {})}
    return urllib3.request(
        more.pop("method", "GET"), address + path, headers=headers, redirect=False, timeout=10, **more
    )


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node with the pod of `VALUES`, whose init containers have run."""
    node = Node(render(VALUES, chart="collector"), tmp_path)
    for container in node.rendered.pod["initContainers"]:
        for _ in range(2):  # as a pod that is started again does
            done = node.run(container)
            assert done.returncode == 0, done.stderr
    return node


def sign_in_secret(node: Node) -> str:
    """What the Secret says."""
    return base64.b64decode(node.rendered.one("Secret")["data"]["sign-in-secret"]).decode()


def test_it_starts_and_answers_the_probes_under_the_pods_address_and_everyone_under_its_names(node: Node) -> None:
    with node.running(node.rendered.container) as address:
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            path = node.rendered.container[probe]["httpGet"]["path"]
            assert {name: ask(address, path, name).status for name in NAMES} == dict.fromkeys(NAMES, 200)
        assert {name: ask(address, "/sign-in", name).status for name in NAMES} == dict.fromkeys(NAMES, 200)
        assert ask(address, "/sign-in", "evil.example").status == 403


def test_it_takes_events_under_the_keys_of_the_values_and_no_others(node: Node) -> None:
    def send(key: str) -> int:
        body = {"api_key": key, "batch": [EVENT]}
        return ask(address, "/batch/", "demo-collector.tools.svc", method="POST", json=body).status

    with node.running(node.rendered.container) as address:
        assert [send(key) for key in ("phc_of_the_values", "phc_mine", "phc_unknown")] == [200, 200, 401]


@pytest.mark.parametrize(("pod_ip", "host"), [(POD_IP, POD_IP), ("fd00:10::1", "[fd00:10::1]")])
def test_reading_and_prometheus_need_the_secret_of_the_chart(node: Node, pod_ip: str, host: str) -> None:
    bearer = {"Authorization": f"Bearer {sign_in_secret(node)}"}
    with replace(node, pod_ip=pod_ip).running(node.rendered.container) as address:
        assert ask(address, "/metrics", host).status == 401
        read = ask(address, "/metrics", host, headers=bearer)
        assert read.status == 200
        assert b"# TYPE footfall_" in read.data
        assert ask(address, "/", "footfall.example.com", headers={"Accept": "text/html"}).status == 303


def test_the_pepper_of_the_secret_is_used_and_another_one_is_refused(node: Node) -> None:
    with node.running(node.rendered.container) as address:
        assert ask(address, "/readyz", POD_IP).status == 200
    assert not (node.home / "data/pepper").exists()
    with pytest.raises(AssertionError, match="pepper"), node.running(node.rendered.container, FOOTFALL_PEPPER="x" * 40):
        pass


def test_nothing_is_written_but_into_the_volumes(node: Node) -> None:
    with node.running(node.rendered.container) as address:
        assert ask(address, "/readyz", POD_IP).status == 200
    mounted = {m["name"] for m in node.rendered.container["volumeMounts"]}
    assert {path.name for path in node.home.iterdir()} <= mounted


def test_a_setting_that_the_chart_passes_on_reaches_the_collector(tmp_path: Path) -> None:
    """What the schema lets through is read by the process: a wrong one would stop it."""
    wrong = Node(render({"extraEnv": {"FOOTFALL_RETENTION_DAYS": "never"}}, chart="collector"), tmp_path)
    with pytest.raises(AssertionError, match="FOOTFALL_RETENTION_DAYS"), wrong.running(wrong.rendered.container):
        pass
    right = Node(render({"settings": {"retention_days": 30}}, chart="collector"), tmp_path)
    with right.running(right.rendered.container) as address:
        assert ask(address, "/readyz", POD_IP).status == 200


@pytest.mark.parametrize("is_running", [True, False])
def test_the_backups_job_keeps_the_newest_and_deletes_the_older_ones(node: Node, is_running: bool) -> None:
    """Over the socket in the volume while the collector runs, and without it as well."""
    (job,) = node.rendered.one("CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    old = [node.home / "backups" / f"footfall-2025010{day}T021700Z" for day in range(1, 5)]
    with node.running(node.rendered.container) as address:
        body = {"api_key": "phc_of_the_values", "batch": [EVENT]}
        assert ask(address, "/batch/", POD_IP, method="POST", json=body).status == 200
        for folder in old:
            folder.mkdir(parents=True)
        done = node.run(job) if is_running else None
    done = done or node.run(job)
    assert done.returncode == 0, done.stderr
    kept = sorted(path.name for path in (node.home / "backups").iterdir())
    assert kept[0] == old[-1].name
    assert len(kept) == VALUES["backup"]["keep"]
    assert "pepper" not in {path.name for path in (node.home / "backups" / kept[1]).iterdir()}
