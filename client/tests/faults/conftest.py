"""Fixtures of the fault tests."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.tests.faults.harness import Host
from client.tests.identity.kubernetes.certificates import Authority


@pytest.fixture(autouse=True)
def no_host_outlives_its_test() -> Iterator[None]:
    """Kill the processes that a failed test leaves."""
    yield
    Host.end_all()


@pytest.fixture(scope="session")
def authority() -> Authority:
    """A certificate authority that no client trusts by default."""
    return Authority("nobody's")


@pytest.fixture(scope="session")
def tls(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """The TLS of a server, signed by that authority."""
    directory: Path = tmp_path_factory.mktemp("tls")
    return authority.server(directory)
