"""The operator's proxies and certificates are used; only the needed headers are sent; few names are resolved."""

import json
import os
import ssl
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from client.tests.faults.harness import Host, assert_all_arrived, deliver_rest, dropped, read
from client.tests.identity.kubernetes.certificates import Authority
from client.tests.support.proxy import Proxy
from client.tests.support.server import Request, Server, status
from footfall import __version__
from footfall.send.http.proxy_settings import proxy_for
from footfall.send.wire import BatchSender, Delivered, Retry, request_body
from tests.support.waiting import wait_for

BODY = request_body("phc_test", [b'{"event":"tool_executed","uuid":"1"}'], 1_790_000_000)


def test_only_the_needed_headers_leave(tmp_path: Path) -> None:
    with Server(status(200, Set_Cookie="session=1; Path=/")) as server:
        with Host(["recorder.py", "0", "600", "exit"], tmp_path / "state", server.url) as host:
            host.wait()
        deliver_rest(tmp_path / "state", server.url)
        assert_all_arrived(server, host)
        assert len(server.requests) > 1
        for request in server.requests:
            assert request.headers == {
                "Host": f"127.0.0.1:{server.port}",
                "Content-Length": str(len(request.raw)),
                "Content-Type": "application/json",
                "Content-Encoding": "gzip",
                "Accept-Encoding": "identity",
                "User-Agent": f"footfall/{__version__}",
            }
            assert (request.method, request.path) == ("POST", "/batch/")


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_a_host_that_only_the_proxy_can_resolve_is_reached_through_it(tmp_path: Path, variable: str) -> None:
    with Server() as proxy:
        place = "http://telemetry.invalid:8000"
        env: dict[str, Any] = {variable: proxy.url}
        with Host(["recorder.py", "0", "20", "exit"], tmp_path / "state", place, **env) as host:
            host.wait()
        # The end of a process waits two seconds at most, so the next one may have the rest.
        deliver_rest(tmp_path / "state", place, **env)
        assert_all_arrived(proxy, host)
        assert {request.path for request in proxy.requests} == {f"{place}/batch/"}


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_tunnel_and_the_operators_own_certificates(
    tmp_path: Path, authority: Authority, tls: ssl.SSLContext, variable: str
) -> None:
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    with Server(tls=tls) as server, Proxy(server.port) as proxy:
        env: dict[str, Any] = {"https_proxy": f"http://user:p%40ss@{proxy.address}", variable: str(tmp_path / "ca.pem")}
        with Host(["recorder.py", "0", "20", "exit"], tmp_path / "state", server.url, **env) as host:
            host.wait()
        deliver_rest(tmp_path / "state", server.url, **env)
        assert_all_arrived(server, host)
        assert proxy.heads[0].startswith(f"CONNECT 127.0.0.1:{server.port} ")
        assert "basic dXNlcjpwQHNz" in proxy.heads[0].replace("Basic", "basic")  # user:p@ss
        assert all("roxy" not in name for request in server.requests for name in request.headers)


def test_a_certificate_of_an_unknown_authority_is_refused(tmp_path: Path, tls: ssl.SSLContext) -> None:
    with Server(tls=tls) as server:
        assert BatchSender(server.url, {}).post(BODY) == Retry("the server's certificate can't be verified")
        assert server.requests == []


@pytest.mark.parametrize(
    ("no_proxy", "direct"),
    [
        ("*", True),
        ("example.org", True),
        (".example.org", True),
        ("*.example.org", True),
        ("telemetry.example.org:8443", True),
        ("telemetry.example.org:9999", False),
        ("localhost,  TELEMETRY.example.org", True),
        ("ample.org", False),
        ("", False),
        (",,:,[", False),
    ],
)
def test_no_proxy_matches_hosts_as_in_other_programs(no_proxy: str, direct: bool) -> None:
    environ = {"https_proxy": "http://proxy:3128", "NO_PROXY": no_proxy}
    found = proxy_for("https://telemetry.example.org:8443/batch/", environ)
    assert found == (None if direct else "http://proxy:3128")


@pytest.mark.parametrize(
    ("host", "no_proxy", "direct"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "11.0.0.0/8,10.1.2.4", False),
        ("[fd00::1]", "fd00::/8", True),
        ("[fd00::1]", "::1", False),
        ("[::1]", "[::1]", True),
    ],
)
def test_no_proxy_matches_addresses_and_networks(host: str, no_proxy: str, direct: bool) -> None:
    found = proxy_for(f"http://{host}/batch/", {"http_proxy": "http://proxy:3128", "no_proxy": no_proxy})
    assert found == (None if direct else "http://proxy:3128")


def test_a_header_of_a_web_request_is_not_used_as_a_proxy() -> None:
    in_cgi = {"REQUEST_METHOD": "GET", "HTTP_PROXY": "http://evil:1"}
    assert proxy_for("http://telemetry.example.org/", in_cgi) is None


BROKEN = ["http://[bad", "nonsense://x", "socks5://127.0.0.1:1", "http://:::", "http://127.0.0.1:99999", "\udcff", " "]


@pytest.mark.parametrize("proxy", BROKEN)
def test_a_broken_proxy_variable_costs_nothing_but_time(tmp_path: Path, proxy: str) -> None:
    state = tmp_path / "state"
    with Server() as server:
        with Host(["recorder.py", "0", "20", "exit"], state, server.url, http_proxy=proxy, SERVE="1") as host:
            assert host.wait() == 0
        assert "Traceback" not in host.log
        (state / "ship.json").unlink(missing_ok=True)
        deliver_rest(state, server.url)
        assert_all_arrived(server, host)
        assert dropped(state) == {}


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
        b"HTTP/1.1 502 No\r\n\r\n",
        b"\x16\x03\x01",
        b"",
        b"\r\n" * 9,
    ],
)
def test_a_proxy_that_opens_no_tunnel_blocks_the_sender_for_a_bounded_time(answer: bytes) -> None:
    with Proxy(1, answer) as proxy:
        sender = BatchSender("https://telemetry.invalid", {"https_proxy": f"http://{proxy.address}"})
        began = time.monotonic()
        assert isinstance(sender.post(BODY, timeout=0.5), Retry)
        assert time.monotonic() - began < 3
        assert proxy.heads


def test_one_connection_is_used_for_all_batches_and_a_closed_one_is_opened_again() -> None:
    with Server() as server:
        sender = BatchSender(server.url, {})
        assert [sender.post(BODY) for _ in range(3)] == [Delivered()] * 3
        assert server.connections == 1
        server.answer = status(200, Connection="close")
        assert [sender.post(BODY) for _ in range(3)] == [Delivered()] * 3
        assert server.connections == 3
        sender.close()


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    def old_fashioned(server: Server, request: Request, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b'HTTP/1.0 200 OK\r\n\r\n{"status":1}')
        handler.close_connection = True

    with Server(old_fashioned) as server:
        assert [BatchSender(server.url, {}).post(BODY) for _ in range(3)] == [Delivered()] * 3


def test_an_unknown_name_is_resolved_once_per_attempt(tmp_path: Path) -> None:
    state = tmp_path / "state"
    if os.geteuid() != 0:
        pytest.skip("a private name server needs root")
    namespaces = ("unshare", "--net", "--mount")
    with Host(["nameless.py", "12"], state, "http://telemetry.example.org", prefix=namespaces) as host:
        words = host.read_after("questions ").split()
        assert host.wait() == 0, host.log
    questions, tries = int(words[0]), int(words[2])
    assert tries >= 1
    # One for an IPv4 address and one for IPv6.
    assert questions <= 2 * (tries + 1)
    assert [d["last_error"] for d in read(state / "ship.json")["destinations"].values()] == [
        "the host name can't be resolved"
    ]
    with Server() as server:
        (state / "ship.json").unlink()
        deliver_rest(state, server.url)
        assert_all_arrived(server, host)


@pytest.mark.parametrize("jump", ["-86400", "31536000"])
def test_setting_the_wall_clock_while_the_host_runs_loses_nothing_and_sends_nothing_early(
    tmp_path: Path, jump: str
) -> None:
    state = tmp_path / "state"
    grace: dict[str, Any] = {"TEST_HOST_TELEMETRY_GRACE_SECONDS": "4", "JUMP": jump}
    with Server() as server, Host(["recorder.py", "50", "0", "stay"], state, server.url, **grace) as host:
        host.wait_for_line("ready")
        began = time.monotonic()
        wait_for(lambda: host.accepted > 20, "some events")
        host.say("set the clock")
        wait_for(lambda: server.requests, "the end of the grace", 20)
        assert time.monotonic() - began > 3
        body = json.loads(server.requests[0].body)
        seconds = abs(time.time() - time.mktime(time.strptime(body["sent_at"], "%Y-%m-%dT%H:%M:%SZ")) + time.timezone)
        assert seconds < 60, "the clock was taken from after the jump"
        host.kill()
        deliver_rest(state, server.url)
        assert_all_arrived(server, host)
        assert dropped(state) == {}
