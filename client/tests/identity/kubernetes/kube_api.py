"""A Kubernetes API server for tests: real HTTP and TLS on a free loopback port, with fixed answers."""

import contextlib
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

NAMESPACE = "/api/v1/namespaces/kube-system"
VERSION = "/version"
UID = "8a1e2d3c-5b7f-4c9e-9a21-0f6d2b7c4e11"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.c2VydmljZS1hY2NvdW50.c2lnbmF0dXJl"


@dataclass(frozen=True)
class Answer:
    """One answer. `silent`: never sent. `drip`: byte by byte, without end. `length`: the value of Content-Length."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    drip: bool = False
    length: int | None = None


def namespace(uid: object = UID) -> Answer:
    """The answer of a 1.31 API server for kube-system."""
    body = {
        "kind": "Namespace",
        "apiVersion": "v1",
        "metadata": {
            "name": "kube-system",
            "uid": uid,
            "resourceVersion": "5",
            "creationTimestamp": "2024-11-05T09:12:44Z",
            "labels": {"kubernetes.io/metadata.name": "kube-system"},
        },
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }
    return Answer(body=json.dumps(body).encode())


def version(git: object = "v1.31.2-gke.1") -> Answer:
    """The version answer of a GKE API server."""
    body = {
        "major": "1",
        "minor": "31",
        "gitVersion": git,
        "gitCommit": "5864a4677267e6adeae276ad85882a8714d69d9d",
        "gitTreeState": "clean",
        "buildDate": "2024-10-22T20:28:14Z",
        "goVersion": "go1.22.8",
        "compiler": "gc",
        "platform": "linux/amd64",
    }
    return Answer(body=json.dumps(body, indent=2).encode())


def refusal(status: int) -> Answer:
    """The `Status` object of a 401 or 403."""
    forbidden = (
        'namespaces "kube-system" is forbidden: User "system:serviceaccount:dot-ai:default" cannot get resource '
        '"namespaces" in API group "" in the namespace "kube-system"'
    )
    reason, message = {401: ("Unauthorized", "Unauthorized"), 403: ("Forbidden", forbidden)}[status]
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    return Answer(status, json.dumps(body | {"reason": reason, "code": status}).encode())


@dataclass
class Asked:
    """One received request."""

    method: str
    path: str
    headers: dict[str, str]


class KubeApi:
    """The running server.

    Attributes:
        answers: path to Answer; anything else is a 404.
        asked: the requests in order.
        server: its address.
    """

    def __init__(self, answers: dict[str, Answer], tls: ssl.SSLContext | None, protocol: str) -> None:
        self.answers = answers
        self.asked: list[Asked] = []
        self.ended = threading.Event()
        handler = type("Handler", (_Handler,), {"api": self, "protocol_version": protocol})
        self._http = _Quiet(("127.0.0.1", 0), handler)
        self._http.tls = tls
        self.port = self._http.server_address[1]
        self.server = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def environ(self) -> dict[str, str]:
        """The variables of a pod in the cluster."""
        return {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(self.port)}

    @property
    def paths(self) -> list[str]:
        """The requested paths, in order."""
        return [asked.path for asked in self.asked]

    def close(self) -> None:
        self.ended.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        # On the thread of the connection, so that a client that never completes the handshake blocks no other.
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        with self.tls.wrap_socket(request, server_side=True) as wrapped:
            super().finish_request(wrapped, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect or do not trust the server: many tests provoke that."""


class _Handler(BaseHTTPRequestHandler):
    api: KubeApi

    def do_GET(self) -> None:
        self.api.asked.append(Asked(self.command, self.path, dict(self.headers)))
        answer = self.api.answers.get(self.path, Answer(404, b'{"kind":"Status","code":404}'))
        if answer.silent:
            self.api.ended.wait(30)
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer.body) if answer.length is None else answer.length))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if answer.drip:
            self._drip()
        else:
            self.wfile.write(answer.body)

    def _drip(self) -> None:
        while not self.api.ended.wait(0.02):
            self.wfile.write(b" ")
            self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


@contextlib.contextmanager
def kube_api(
    answers: dict[str, Answer] | None = None, *, tls: ssl.SSLContext | None = None, protocol: str = "HTTP/1.1"
) -> Iterator[KubeApi]:
    """A running API server; by default a healthy one."""
    api = KubeApi({NAMESPACE: namespace(), VERSION: version()} if answers is None else answers, tls, protocol)
    try:
        yield api
    finally:
        api.close()


def service_account(directory: Path, authorities: bytes, token: str = TOKEN) -> str:
    """Write a service account's directory; its path."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "token").write_text(token)
    (directory / "ca.crt").write_bytes(authorities)
    return str(directory)
