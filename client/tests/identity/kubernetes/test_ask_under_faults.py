"""Under every fault of the network and of TLS, the look-up ends in time with an outcome, and logs nothing."""

import contextlib
import logging
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from client.tests.identity.kubernetes.certificates import Authority
from client.tests.identity.kubernetes.kube_api import (
    NAMESPACE,
    UID,
    VERSION,
    Answer,
    kube_api,
    namespace,
    refusal,
    service_account,
    version,
)
from footfall.identity.kubernetes.ask import ask_api_server
from footfall.identity.kubernetes.facts import ClusterFacts

AskFromPod = Callable[..., ClusterFacts]
SLACK = 0.5
LIMIT = 0.4


@contextlib.contextmanager
def raw_server(answer: Callable[[socket.socket, threading.Event], None]) -> Iterator[dict[str, str]]:
    """A TCP server that passes its first connection to `answer`; the variables of a pod that uses it."""
    ended = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                answer(connection, ended)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(listener.getsockname()[1])}
    finally:
        ended.set()
        listener.close()
        thread.join(5)


def asking_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "footfall-kubernetes"]


@pytest.fixture
def account(authority: Authority, tmp_path: Path) -> str:
    return service_account(tmp_path / "serviceaccount", authority.pem)


def test_a_server_that_never_answers_costs_no_more_than_the_limit(
    tls: ssl.SSLContext, ask_from_pod: AskFromPod
) -> None:
    with kube_api({NAMESPACE: Answer(silent=True)}, tls=tls) as api:
        began = time.monotonic()
        assert ask_from_pod(api, LIMIT) == ClusterFacts(False, None, None, "timeout")
        assert time.monotonic() - began < LIMIT + SLACK


def test_a_slow_drip_costs_no_more_than_the_limit_and_the_connection_is_cut(
    tls: ssl.SSLContext, ask_from_pod: AskFromPod
) -> None:
    with kube_api({NAMESPACE: Answer(drip=True, length=100_000)}, tls=tls) as api:
        began = time.monotonic()
        assert ask_from_pod(api, LIMIT) == ClusterFacts(False, None, None, "timeout")
        assert time.monotonic() - began < LIMIT + SLACK
        for thread in asking_threads():
            thread.join(5)
        assert asking_threads() == []


def test_a_handshake_that_drips_is_cut_as_well(account: str) -> None:
    def drip(connection: socket.socket, ended: threading.Event) -> None:
        # The header of a TLS record of 16 KiB, then its content a byte at a time.
        connection.sendall(b"\x16\x03\x03\x40\x00")
        while not ended.wait(0.02):
            connection.sendall(b"\x02")

    with raw_server(drip) as environ:
        began = time.monotonic()
        assert ask_api_server(environ, LIMIT, account).outcome == "timeout"
        assert time.monotonic() - began < LIMIT + SLACK
        for thread in asking_threads():
            thread.join(5)
        assert asking_threads() == []


def test_a_version_that_never_comes_does_not_cost_the_uid(tls: ssl.SSLContext, ask_from_pod: AskFromPod) -> None:
    with kube_api({NAMESPACE: namespace(), VERSION: Answer(silent=True)}, tls=tls) as api:
        assert ask_from_pod(api, 1.0) == ClusterFacts(True, UID, None, "in-cluster")


def test_a_port_without_a_listener_is_unreachable(account: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    environ = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": port}
    assert ask_api_server(environ, 5.0, account) == ClusterFacts(False, None, None, "unreachable")


@pytest.mark.parametrize("port", ["0x1F", "99999999", "-1", "tcp://10.0.0.1:443", "443/../", " "])
def test_an_invalid_port_is_unreachable(account: str, port: str) -> None:
    environ = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": port}
    assert ask_api_server(environ, 5.0, account).outcome == "unreachable"


def test_a_server_that_hangs_up_is_unreachable(account: str) -> None:
    with raw_server(lambda connection, ended: None) as environ:
        assert ask_api_server(environ, 5.0, account).outcome in ("unreachable", "tls")


def test_a_certificate_of_another_ca_is_not_trusted(tmp_path: Path, ask_from_pod: AskFromPod) -> None:
    with kube_api(tls=Authority("another CA").server(tmp_path)) as api:
        assert ask_from_pod(api) == ClusterFacts(False, None, None, "tls")
        assert api.asked == []


def test_a_certificate_for_another_address_is_not_trusted(
    authority: Authority, tmp_path: Path, ask_from_pod: AskFromPod
) -> None:
    with kube_api(tls=authority.server(tmp_path, "kubernetes.default.svc")) as api:
        assert ask_from_pod(api).outcome == "tls"
        assert api.asked == []


def test_an_expired_certificate_is_not_trusted(authority: Authority, tmp_path: Path, ask_from_pod: AskFromPod) -> None:
    with kube_api(tls=authority.server(tmp_path, expired=True)) as api:
        assert ask_from_pod(api).outcome == "tls"
        assert api.asked == []


def test_a_server_that_speaks_no_tls_gets_no_token(ask_from_pod: AskFromPod) -> None:
    with kube_api() as api:
        assert ask_from_pod(api).outcome == "tls"
        assert api.asked == []


def test_no_trouble_is_logged_or_warned_about_or_printed(
    tls: ssl.SSLContext,
    tmp_path: Path,
    ask_from_pod: AskFromPod,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for answer in (refusal(401), refusal(403), Answer(503), Answer(body=b"{")):
            with kube_api({NAMESPACE: answer, VERSION: version()}, tls=tls) as api:
                ask_from_pod(api)
        other = tmp_path / "other"
        other.mkdir()
        with kube_api(tls=Authority("another CA").server(other)) as api:
            ask_from_pod(api)
    assert [str(warning.message) for warning in caught] == []
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")
