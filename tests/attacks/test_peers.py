"""Who a sender is: the address of its connection, or what trusted proxies say of it, and never what it says itself."""

import itertools
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from collector.tests.app.http import alarms, ask, post
from collector.tests.defence.wires import answer, request, status, wire
from collector.tests.receive.shapes import batch, event
from tests.attacks.parties.claims import Party, at_most
from tests.attacks.proxies import NGINX, haproxy, nginx
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

ALLOWANCE = 5
SETTINGS: dict[str, Any] = {
    "unlimited_peers": "127.0.0.1",
    "peer_requests_per_minute": ALLOWANCE,
    "trusted_proxies": "127.5.0.0/16",
}
_senders, _proxies = itertools.count(1), itertools.count(1)
LIMITED = [200] * ALLOWANCE + [429]
PATHS = ("/batch/", "/batch/?uvicorn=1")
"""The fast path, and uvicorn's: a query leads there."""


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    with start_collector(tmp_path_factory.mktemp("collector") / "data", **SETTINGS) as started:
        assert post(started, batch(event())).status == 200
        yield started


def new_sender() -> str:
    """An address that no other test sends from."""
    return f"127.7.0.{next(_senders)}"


def new_proxy() -> str:
    """The address of a trusted proxy that no other test uses."""
    return f"127.5.0.{next(_proxies)}"


def sent(port: int, source: str, *headers: str, path: str = "/batch/") -> int:
    """The status of a batch that `source` sends to a collector or a proxy."""
    with socket.create_connection(("127.0.0.1", port), 20, source_address=(source, 0)) as connection:
        connection.sendall(request(batch(event()), *headers, path=path))
        return status(connection)


CLAIMS: dict[str, Callable[[int], list[str]]] = {
    "another address": lambda n: [f"X-Forwarded-For: 203.0.113.{n}"],
    "loopback": lambda n: ["X-Forwarded-For: 127.0.0.1"],
    "loopback as IPv6": lambda n: ["X-Forwarded-For: ::ffff:127.0.0.1"],
    "a proxy": lambda n: ["X-Forwarded-For: 127.5.0.250"],
    "several lines": lambda n: [f"X-Forwarded-For: 203.0.113.{n}", f"x-forwarded-for: 198.51.100.{n}"],
    "underscores": lambda n: [f"X_Forwarded_For: 203.0.113.{n}"],
    "other headers": lambda n: [f"Forwarded: for=203.0.113.{n}", f"X-Real-IP: 203.0.113.{n}"],
    "garbage": lambda n: [f"X-Forwarded-For: {n}, , [::1, unknown, 1.2.3.4:5:6, \xe9"],
    "ten thousand": lambda n: ["X-Forwarded-For: " + "1," * 10_000 + str(n)],
}


@at_most(Party.NETWORK, "behind a proxy: be counted under the address that the proxy saw")
@pytest.mark.parametrize("proxies", ["haproxy", "nginx", "nginx-haproxy", "haproxy-nginx"])
def test_no_header_gives_a_sender_behind_real_proxies_another_identity(
    collector: CollectorProcess, tmp_path: Path, proxies: str
) -> None:
    """A sender behind HAProxy or nginx chooses its identity, or becomes loopback and has no limit."""
    with ExitStack() as stack:
        port = collector.port
        for number, name in enumerate(reversed(proxies.split("-"))):
            folder = tmp_path / str(number)
            folder.mkdir()
            port = stack.enter_context({"haproxy": haproxy, "nginx": nginx}[name](folder, port))
        # The proxies refuse heads of 20 kB themselves.
        claims = itertools.cycle(CLAIMS[name] for name in CLAIMS if name != "ten thousand")
        for path in PATHS:
            source = new_sender()
            statuses = [sent(port, source, *next(claims)(n), path=path) for n in range(ALLOWANCE * 3)]
            assert statuses == [200] * ALLOWANCE + [429] * ALLOWANCE * 2
            with socket.create_connection(("127.0.0.1", port), 20, source_address=(source, 0)) as connection:
                connection.sendall(chunked(path, source, "X-Forwarded-For: 203.0.113.77"))
                assert status(connection) == 429, "trailers are no headers"
        assert sent(port, new_sender(), f"X-Forwarded-For: {source}") == 200, "another sender is another peer"


@at_most(Party.NETWORK, "behind a proxy: write forwarding headers that nobody reads")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("claim", CLAIMS)
def test_what_a_sender_writes_before_the_proxys_own_line_changes_nothing(
    collector: CollectorProcess, claim: str, path: str
) -> None:
    """A line of X-Forwarded-For that the sender wrote itself counts instead of the proxy's, which follows it."""
    proxy, sender = new_proxy(), new_sender()

    def through(n: int) -> int:
        return sent(collector.port, proxy, *CLAIMS[claim](n), f"X-Forwarded-For: {sender}", path=path)

    assert [through(n) for n in range(ALLOWANCE + 1)] == LIMITED


@at_most(Party.NETWORK, "claim an address that has no limits, and keep its own")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "claim", ["loopback", "loopback as IPv6", "a proxy", "underscores", "other headers", "garbage"]
)
def test_a_header_never_makes_a_peer_unlimited(collector: CollectorProcess, claim: str, path: str) -> None:
    """A header that says 127.0.0.1, a trusted proxy or nothing readable exempts its sender from every limit."""
    proxy = new_proxy()
    statuses = [sent(collector.port, proxy, *CLAIMS[claim](n), path=path) for n in range(ALLOWANCE * 2 + 1)]
    assert statuses[ALLOWANCE * 2 - 1 :] != [200, 200], "at most what two tests share"


@at_most(Party.NETWORK, "claim any address, and count as the peer that it is")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("claim", CLAIMS)
def test_a_peer_that_is_no_proxy_can_not_pass_for_another(collector: CollectorProcess, claim: str, path: str) -> None:
    """Any sender invents the addresses that it sends from."""
    sender = new_sender()
    statuses = [sent(collector.port, sender, *CLAIMS[claim](n), path=path) for n in range(ALLOWANCE + 1)]
    assert statuses == LIMITED


@at_most(Party.NETWORK, "spell its address in several ways, and count as one")
@pytest.mark.parametrize(
    "spellings",
    [
        ("203.0.113.7", "203.0.113.7:4711", "::ffff:203.0.113.7", "[::ffff:203.0.113.7]:443", " 203.0.113.7 , "),
        ("2001:db8::1", "[2001:db8::1]", "[2001:db8::2]:443", "2001:DB8:0:0::ffff", f"2001:db8::1, {NGINX}"),
    ],
    ids=["IPv4", "IPv6"],
)
def test_one_address_in_several_spellings_is_one_peer(collector: CollectorProcess, spellings: tuple[str, ...]) -> None:
    """A port, brackets or another form of an address give one sender several allowances."""
    statuses = [
        sent(collector.port, new_proxy(), f"X-Forwarded-For: {spelling}", path=path)
        for path, spelling in zip(itertools.cycle(PATHS), (*spellings, spellings[0]), strict=False)
    ]
    assert statuses == LIMITED


def chunked(path: str, sender: str, trailer: str) -> bytes:
    """A request with the proxy's line in its head, and the sender's own in its trailers."""
    body = batch(event())
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nX-Forwarded-For: {sender}\r\n\r\n"
    return head.encode() + b"%x\r\n%b\r\n0\r\n%b\r\n\r\n" % (len(body), body, trailer.encode())


@at_most(Party.NETWORK, "send trailers, which are no headers")
@pytest.mark.parametrize("path", PATHS)
def test_trailers_are_no_headers(collector: CollectorProcess, path: str) -> None:
    """A proxy forwards a sender's trailers after its own line, and they count as the last line."""
    proxy, sender = new_proxy(), new_sender()

    def through(n: int) -> int:
        with wire(collector, proxy) as connection:
            connection.sendall(chunked(path, sender, f"X-Forwarded-For: 203.0.113.{n}"))
            return status(connection)

    assert [through(n) for n in range(ALLOWANCE + 1)] == LIMITED


@at_most(Party.NETWORK, "behind a proxy that is not trusted: share its limits, which the operator is warned of")
def test_a_proxy_that_is_not_trusted_is_named_as_an_alarm_and_once_in_the_log(tmp_path: Path) -> None:
    """Everyone behind an ingress is one peer, and nothing says so."""
    with start_collector(tmp_path / "data", peer_requests_per_minute=100) as collector:
        assert post(collector, batch(event())).status == 200
        assert alarms(collector) == []
        sender = new_sender()
        headers = ("X-Forwarded-For: 203.0.113.77", "Forwarded: for=203.0.113.77", "X-Real-IP: 203.0.113.77")
        for header, path in itertools.product(headers, PATHS):
            assert sent(collector.port, sender, header, path=path) == 200
        assert alarms(collector) == ["proxy_untrusted"]
        assert b"trusted_proxies" in ask(collector, "GET", "/api/health").body
        wait_for(lambda: "trusted_proxies" in collector.output, "the line in the log")
        assert collector.stop() == 0
    assert collector.output.count("trusted_proxies") == 1
    assert not {"203.0.113.77", sender} & set(collector.output.replace(",", " ").split())


@at_most(Party.NETWORK, "behind a trusted proxy: raise no false alarm")
def test_a_trusted_proxy_raises_the_alarm_only_with_headers_that_are_not_read(tmp_path: Path) -> None:
    """The alarm of an untrusted proxy is raised by one that is trusted and works, so nobody heeds it."""
    with start_collector(tmp_path / "data", **SETTINGS) as collector:
        proxy = new_proxy()
        assert sent(collector.port, proxy, "X-Forwarded-For: 203.0.113.77", "X-Real-IP: 203.0.113.77") == 200
        assert alarms(collector) == []
        assert sent(collector.port, proxy, "X-Real-IP: 203.0.113.77") == 200
        assert alarms(collector) == ["proxy_untrusted"]


@at_most(Party.NETWORK, "send long forwarding headers, which are little work")
def test_a_long_list_of_addresses_is_little_work(collector: CollectorProcess) -> None:
    """A long X-Forwarded-For, or a hundred lines of it, costs the collector much time."""
    lines = ["X-Forwarded-For: " + ",".join(["[::ffff:10.0.0.1]:80"] * 14)] * 100
    before = cpu_seconds(collector)
    with wire(collector, new_proxy()) as connection:
        for _ in range(200):
            connection.sendall(
                b"GET /api/pulse HTTP/1.1\r\nHost: localhost\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n"
            )
            assert answer(connection)
    assert cpu_seconds(collector) - before < 1, "5 ms a request"


def cpu_seconds(collector: CollectorProcess) -> float:
    fields = Path(f"/proc/{collector.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
