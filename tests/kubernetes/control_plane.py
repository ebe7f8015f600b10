"""A real Kubernetes control plane on loopback: etcd and kube-apiserver, RBAC on, no nodes."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import helm_python
import urllib3
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from client.tests.identity.kubernetes.certificates import Authority
from scripts.setup.kubernetes_assets import folder
from tests.support.waiting import wait_for

ADMIN = "token-of-the-tests-administrator"
ISSUER = "https://kubernetes.default.svc"
START_SECONDS = 90.0


@dataclass(frozen=True)
class Answer:
    """What the API server said: the status, and the JSON object."""

    status: int
    body: dict[str, Any]


class ControlPlane:
    """The API server at https://127.0.0.1:`port`, trusted by `authorities` (PEM)."""

    def __init__(self, port: int, authorities: bytes, directory: Path) -> None:
        self.port = port
        self.authorities = authorities
        self._ca = directory / "ca.crt"
        self._ca.write_bytes(authorities)
        self._pool = urllib3.HTTPSConnectionPool("127.0.0.1", port, ca_certs=str(self._ca), retries=False, timeout=30)
        self._paths: dict[tuple[str, str], tuple[str, bool]] = {}

    def ask(self, method: str, path: str, token: str = ADMIN, body: Any = None, kind: str = "json") -> Answer:
        """One request with a bearer token."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": f"application/{kind}"}
        # JSON is YAML too: one encoding for every content type.
        data = None if body is None else json.dumps(body).encode()
        answer = self._pool.request(method, path, body=data, headers=headers)
        return Answer(answer.status, answer.json() if answer.data[:1] == b"{" else {})

    def resources(self) -> list[tuple[str, str, list[str]]]:
        """(group and version's path, resource, verbs) of everything that it serves, subresources left out."""
        groups = self.ask("GET", "/apis").body["groups"]
        paths = ["/api/v1", *(f"/apis/{version['groupVersion']}" for group in groups for version in group["versions"])]
        found = []
        for path in paths:
            for resource in self.ask("GET", path).body["resources"]:
                if "/" in resource["name"]:
                    continue
                group = path.removeprefix("/apis/").removeprefix("/api/")
                self._paths[group, resource["kind"]] = (f"{path}/{{}}{resource['name']}", resource["namespaced"])
                found.append((path, resource["name"], resource["verbs"]))
        return found

    def kinds(self) -> set[tuple[str, str]]:
        """(group and version, kind) of everything that it serves."""
        if not self._paths:
            self.resources()
        return set(self._paths)

    @contextmanager
    def helm(self, namespace: str) -> Iterator[helm_python.Config]:
        """Helm's own way to this cluster, as its administrator."""
        address = f"https://127.0.0.1:{self.port}"
        with helm_python.Config(
            kube_apiserver=address, kube_token=ADMIN, kube_ca_file=self._ca, namespace=namespace
        ) as config:
            yield config

    def path_of(self, document: dict[str, Any], namespace: str) -> str:
        """Where an object is."""
        if not self._paths:
            self.resources()
        path, namespaced = self._paths[document["apiVersion"], document["kind"]]
        home = document["metadata"].get("namespace") or namespace
        name: str = document["metadata"]["name"]
        return path.format(f"namespaces/{home}/" if namespaced else "") + "/" + name

    def apply(self, documents: list[dict[str, Any]], namespace: str) -> list[Answer]:
        """Apply objects as `kubectl apply --server-side --validate=strict` does; every unknown field is refused."""
        name = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        query = "?fieldManager=tests&force=true&fieldValidation=Strict"
        return [
            self.ask("PATCH", self.path_of(document, namespace) + query, body=document, kind="apply-patch+yaml")
            for document in [name, *documents]
        ]

    def token_of(self, account: str, namespace: str) -> str:
        """A token as a pod of the service account gets it."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": [ISSUER]}}
        answer = self.ask("POST", path, body=request)
        assert answer.status == 201, answer
        return str(answer.body["status"]["token"])

    def uid_of_kube_system(self) -> str:
        """What the instance ID is made of."""
        return str(self.ask("GET", "/api/v1/namespaces/kube-system").body["metadata"]["uid"])


@contextmanager
def control_plane(directory: Path) -> Iterator[ControlPlane]:
    """etcd and the API server while the block runs. Their logs are in `directory`."""
    authority = Authority()
    certificate, key = authority.issue()
    (directory / "tls.crt").write_bytes(certificate)
    (directory / "tls.key").write_bytes(key)
    signing = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (directory / "sa.key").write_bytes(signing.private_bytes(encoding, pkcs8, serialization.NoEncryption()))
    (directory / "tokens.csv").write_text(f'{ADMIN},admin,admin,"system:masters"\n')
    etcd, peer, port = _free_ports(3)
    with (
        _running("etcd", _etcd(directory, etcd, peer), directory) as first,
        _running("kube-apiserver", _apiserver(directory, etcd, port), directory) as second,
    ):
        plane = ControlPlane(port, authority.pem, directory)
        wait_for(lambda: _ready(plane, first, second), "the API server to be ready", START_SECONDS)
        yield plane


def _etcd(directory: Path, client: int, peer: int) -> list[str]:
    own = folder() / "etcd"
    return [
        str(own) if own.exists() else shutil.which("etcd") or "etcd",
        f"--data-dir={directory / 'etcd'}",
        f"--listen-client-urls=http://127.0.0.1:{client}",
        f"--advertise-client-urls=http://127.0.0.1:{client}",
        f"--listen-peer-urls=http://127.0.0.1:{peer}",
        f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
        f"--initial-cluster=default=http://127.0.0.1:{peer}",
        "--unsafe-no-fsync",
    ]


def _apiserver(directory: Path, etcd: int, port: int) -> list[str]:
    return [
        str(folder() / "kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--tls-cert-file={directory / 'tls.crt'}",
        f"--tls-private-key-file={directory / 'tls.key'}",
        f"--cert-dir={directory / 'certificates'}",
        f"--token-auth-file={directory / 'tokens.csv'}",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-key-file={directory / 'sa.key'}",
        f"--service-account-signing-key-file={directory / 'sa.key'}",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--authorization-mode=RBAC",
        # Without a controller manager nothing makes the namespaces' default accounts that it would wait for.
        "--disable-admission-plugins=ServiceAccount",
    ]


@contextmanager
def _running(name: str, command: list[str], directory: Path) -> Iterator["subprocess.Popen[bytes]"]:
    assert os.access(command[0], os.X_OK), f"{name} is missing: run `make kubernetes-assets`"
    with (directory / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=directory)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _ready(plane: ControlPlane, *processes: "subprocess.Popen[bytes]") -> bool:
    for process in processes:
        assert process.poll() is None, f"{process.args!r} ended with {process.returncode}; see its log"
    try:
        if plane.ask("GET", "/readyz").status != 200:
            return False
    except urllib3.exceptions.HTTPError:
        return False
    return plane.ask("GET", "/api/v1/namespaces/kube-system").status == 200


def _free_ports(number: int) -> list[int]:
    """Ports that nobody listens on. Both programs want to be told theirs."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
