"""Fixtures of the identity tests: one certificate authority, and a pod's view of an API server."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from client.tests.identity.kubernetes.certificates import Authority
from client.tests.identity.kubernetes.kube_api import KubeApi, service_account
from footfall.identity.kubernetes.ask import ask_api_server
from footfall.identity.kubernetes.facts import ClusterFacts


@pytest.fixture(scope="session")
def authority() -> Authority:
    """The cluster's CA."""
    return Authority()


@pytest.fixture
def tls(authority: Authority, tmp_path: Path) -> ssl.SSLContext:
    """An API server's TLS, valid for 127.0.0.1."""
    return authority.server(tmp_path)


@pytest.fixture
def ask_from_pod(authority: Authority, tmp_path: Path) -> Callable[..., ClusterFacts]:
    """A look-up as in a pod with a service account."""
    directory = service_account(tmp_path / "serviceaccount", authority.pem)

    def asking(api: KubeApi, timeout: float = 5.0) -> ClusterFacts:
        return ask_api_server(api.environ(), timeout, directory)

    return asking
