"""A host may close all descriptors and reuse their numbers: nothing of its own is touched, and no event is lost."""

import json
import ssl
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from client.tests.faults.harness import Host, deliver_rest, dropped, tools
from client.tests.identity.kubernetes.certificates import Authority
from client.tests.support.proxy import Proxy
from client.tests.support.server import Request, Server, status
from tests.support.waiting import wait_for

UNTOUCHED = {"changed files": 0, "peers with data": 0, "lost descriptors": 0}
LATER = {"TEST_HOST_TELEMETRY_FLUSH_SECONDS": "600", "AT_ONCE": "1"}


def run(how: str, tmp_path: Path, url: str, **env: Any) -> Host:
    own = tmp_path / "own"
    own.mkdir(exist_ok=True)
    return Host(["descriptors.py", how, str(own)], tmp_path / "state", url, **env)


def assert_untouched(host: Host) -> None:
    assert json.loads(host.read_after("fate ")) == UNTOUCHED
    assert host.wait(60) == 0, host.log
    assert "Traceback" not in host.log
    assert "Exception ignored" not in host.log


def assert_delivered(state: Path, server: Server, expected: Counter[str]) -> None:
    deliver_rest(state, server.url)
    assert tools(server) == expected
    assert dropped(state) == {}
    assert not list((state / "spool").glob("*.seg"))


@pytest.mark.parametrize(
    ("how", "env"),
    [
        ("nothing", {}),
        ("replace", {}),
        ("cover", {}),
        ("replace", LATER),
        ("cover", LATER),
        ("cover", {"NUMBERS": "256"}),
        ("cover", {"NUMBERS": "48"}),
    ],
)
def test_files_and_sockets_that_get_our_numbers_are_untouched(tmp_path: Path, how: str, env: dict[str, str]) -> None:
    with Server() as server:
        assert_untouched(run(how, tmp_path, server.url, **env))
        before = 50 if "AT_ONCE" in env else 100
        assert_delivered(tmp_path / "state", server, Counter(t0=before, t2=50, t4=50))


def test_a_daemon_that_closes_its_descriptors_delivers_its_events(tmp_path: Path) -> None:
    with Server() as server:
        host = run("daemon", tmp_path, server.url, **LATER)
        assert json.loads(host.read_after("fate ")) == UNTOUCHED
        host.wait(60)
        assert_delivered(tmp_path / "state", server, Counter(t0=50, t1=50, t2=50, t4=50))


def test_while_no_descriptor_is_left_events_wait_in_memory(tmp_path: Path) -> None:
    with Server() as server:
        host = run("crowd", tmp_path, server.url, NUMBERS="256").wait_for_line("crowded")
        host.say("go on")
        assert_untouched(host)
        assert_delivered(tmp_path / "state", server, Counter(t0=100, t2=50, t3=50, t4=50))


@pytest.mark.parametrize(
    ("path", "how"), [("plain", "cover"), ("plain", "replace"), ("tls", "replace"), ("tunnel", "replace")]
)
def test_descriptors_closed_while_a_batch_is_in_flight(
    tmp_path: Path, authority: Authority, tls: ssl.SSLContext, path: str, how: str
) -> None:
    """The server answers the first batch only after the host has taken the numbers."""
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    taken = threading.Event()

    def answer(server: Server, request: Request, handler: BaseHTTPRequestHandler) -> None:
        taken.wait(20)
        status(200)(server, request, handler)

    with Server(answer, tls=None if path == "plain" else tls) as server, Proxy(server.port) as proxy:
        env = {"WAIT": "1", "AT_ONCE": "1", "SSL_CERT_FILE": str(tmp_path / "ca.pem")}
        if path == "tunnel":
            env["https_proxy"] = f"http://{proxy.address}"
        host = run(how, tmp_path, server.url, **env)
        wait_for(lambda: server.requests, "the first batch to be in flight")
        host.say("close")
        threading.Timer(1.0, taken.set).start()
        assert_untouched(host)
        deliver_rest(tmp_path / "state", server.url, **env)
        assert tools(server) == Counter(t0=50, t2=50, t4=50)
        assert dropped(tmp_path / "state") == {}
