"""The collector chart's Secret is made once, then looked up and kept."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import helm_python
import pytest

from deploy.tests.charts import Document, render

PATH = "/api/v1/namespaces/tools/secrets/demo-collector"


@contextmanager
def a_cluster(objects: dict[str, Document]) -> Iterator[helm_python.Config]:
    """The part of the Kubernetes API that a look-up asks: which kinds there are, and objects by their paths."""
    kinds = [{"name": "secrets", "singularName": "secret", "namespaced": True, "kind": "Secret", "verbs": ["get"]}]
    known: dict[str, Document] = {
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
        "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": kinds},
        "/version": {"major": "1", "minor": "34", "gitVersion": "v1.34.0"},
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            found = known.get(path) or objects.get(path)
            missing = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
            body = json.dumps(found or missing).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        with helm_python.Config(kube_apiserver=f"http://127.0.0.1:{server.server_port}", namespace="tools") as config:
            yield config
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def secrets_of(values: dict[str, Any], cluster: helm_python.Config | None = None) -> dict[str, str]:
    """What the Secret that a chart renders to holds, decoded."""
    data = render(values, chart="collector", cluster=cluster).one("Secret")["data"]
    return {name: base64.b64decode(text).decode() for name, text in data.items()}


def test_a_first_install_makes_both_at_random() -> None:
    objects: dict[str, Document] = {}
    with a_cluster(objects) as cluster:
        one, other = secrets_of({}, cluster), secrets_of({}, cluster)
    assert set(one) == {"sign-in-secret", "pepper"}
    assert len(one["sign-in-secret"]) >= 24
    assert len(one["pepper"]) >= 32
    assert not set(one.values()) & set(other.values())


def test_an_upgrade_keeps_what_the_install_made() -> None:
    objects: dict[str, Document] = {}
    with a_cluster(objects) as cluster:
        first = render({}, chart="collector", cluster=cluster).one("Secret")
        objects[PATH] = first
        later = render({"replicas": 0, "service": {"port": 80}}, chart="collector", cluster=cluster).one("Secret")
    assert later["data"] == first["data"]


def test_an_upgrade_keeps_the_rest_where_the_values_give_one() -> None:
    objects: dict[str, Document] = {}
    with a_cluster(objects) as cluster:
        objects[PATH] = render({}, chart="collector", cluster=cluster).one("Secret")
        before = secrets_of({}, cluster)
        after = secrets_of({"secrets": {"signIn": "a better secret"}}, cluster)
    assert after == {"sign-in-secret": "a better secret", "pepper": before["pepper"]}


def test_a_secret_that_lost_its_pepper_gets_one_and_keeps_its_sign_in_secret() -> None:
    half = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "demo-collector", "namespace": "tools"}}
    kept = {"sign-in-secret": base64.b64encode(b"kept as it was").decode()}
    with a_cluster({PATH: {**half, "data": kept}}) as cluster:
        found = secrets_of({}, cluster)
    assert found["sign-in-secret"] == "kept as it was"
    assert len(found["pepper"]) >= 32


def test_the_secret_stays_when_the_release_goes_as_the_volume_does() -> None:
    annotations = render({}, chart="collector").one("Secret")["metadata"]["annotations"]
    assert annotations == {"helm.sh/resource-policy": "keep"}


@pytest.mark.parametrize("keys", [{}, {"signInKey": "a", "pepperKey": "b"}])
def test_a_secret_of_ones_own_is_used_as_it_is(keys: dict[str, str]) -> None:
    values = {"secrets": {"existingSecret": {"name": "mine", **keys}}, "serviceMonitor": {"enabled": True}}
    rendered = render(values, chart="collector")
    assert rendered.of_kind("Secret") == []
    references = {e["name"]: e["valueFrom"]["secretKeyRef"] for e in rendered.env if "secretKeyRef" in str(e)}
    sign_in = {"name": "mine", "key": keys.get("signInKey", "sign-in-secret")}
    assert references == {
        "FOOTFALL_SIGN_IN_SECRET": sign_in,
        "FOOTFALL_PEPPER": {"name": "mine", "key": keys.get("pepperKey", "pepper")},
    }
    (endpoint,) = rendered.one("ServiceMonitor")["spec"]["endpoints"]
    assert endpoint["authorization"]["credentials"] == sign_in
