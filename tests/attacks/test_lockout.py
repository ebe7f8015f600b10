"""Strangers at the address of a reader: they neither guess the secret nor keep out who has a token or a session."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlencode

import pytest

from collector.tests.access.test_sign_in import SECRET
from collector.tests.app.http import ask
from collector.tests.app.test_start import run
from collector.tests.defence.wires import answer, status, wire
from tests.attacks.parties.claims import Party, at_most
from tests.support.collector_process import CollectorProcess, start_collector

ATTEMPTS, ATTEMPTS_OF_ALL, HELD = 10, 100, 95
SETTINGS: dict[str, Any] = {
    "unlimited_peers": "127.0.0.1",
    "peer_requests_per_minute": 300,
    "peer_connections": 120,
    "header_seconds": 60,
    "body_seconds": 60,
    "idle_seconds": 60,
}
INGRESS = "127.0.0.5"
"""The address that everyone shares: a proxy that is not in trusted_proxies."""


@pytest.fixture
def collector(tmp_path: Any) -> Iterator[CollectorProcess]:
    with start_collector(tmp_path / "data", {"FOOTFALL_SIGN_IN_SECRET": SECRET}, **SETTINGS) as started:
        yield started


def token_of(collector: CollectorProcess) -> str:
    made = run("tokens", "add", "--data", str(collector.data_dir), "prometheus")
    assert made.returncode == 0, made.stderr
    return next(word for word in made.stdout.split() if word.startswith("fft_"))


def reply(connection: socket.socket, method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    return answer(connection)


def read(collector: CollectorProcess, source: str = INGRESS, **headers: str) -> int:
    """The status of `/metrics`."""
    with wire(collector, source) as connection:
        return int(reply(connection, "GET", "/metrics", b"", **headers).split()[1])


def sign_in(collector: CollectorProcess, secret: str, source: str = INGRESS, **headers: str) -> bytes:
    """The answer to the form."""
    with wire(collector, source) as connection:
        return reply(connection, "POST", "/sign-in", urlencode({"secret": secret}).encode(), **headers)


def session_of(collector: CollectorProcess) -> str:
    """The cookie of a session."""
    head = sign_in(collector, SECRET, "127.0.0.9").decode()
    line = next(line for line in head.split("\r\n") if line.lower().startswith("set-cookie:"))
    return line.partition(":")[2].split(";")[0].strip()


@at_most(Party.NETWORK, "guess secrets, and lock out no token and no session")
def test_wrong_secrets_lock_out_no_token_and_no_session(collector: CollectorProcess) -> None:
    """Ten wrong secrets behind the same ingress lock out Prometheus and everyone who is signed in."""
    token, cookie = token_of(collector), session_of(collector)
    guesses = [read(collector, Authorization=f"Bearer guess-{n}") for n in range(ATTEMPTS + 1)]
    assert guesses == [401] * ATTEMPTS + [429]
    assert b" 429 " in sign_in(collector, "another guess")[:20]
    for _ in range(ATTEMPTS * 2):
        assert read(collector, Authorization=f"Bearer {token}") == 200
        assert read(collector, Cookie=cookie) == 200
    assert read(collector, Authorization=f"Bearer {SECRET}") == 429, "guesses are limited, also right ones"
    assert read(collector, "127.0.0.8", Authorization=f"Bearer {SECRET}") == 200, "other peers are not affected"


@at_most(Party.NETWORK, "spend its address's requests, and none of a token's or a session's")
def test_requests_of_strangers_use_up_nothing_of_a_token_or_a_session(collector: CollectorProcess) -> None:
    """Whoever sends more requests than one peer may keeps out every reader behind the same ingress."""
    token, cookie = token_of(collector), session_of(collector)
    with wire(collector, INGRESS) as flood:
        statuses = [
            int(reply(flood, "GET", "/api/pulse").split()[1]) for _ in range(SETTINGS["peer_requests_per_minute"] + 20)
        ]
    assert statuses[-1] == 429
    refused = counter_of(collector, token)
    for _ in range(20):
        assert read(collector, Authorization=f"Bearer {token}") == 200
        assert read(collector, Cookie=cookie) == 200
    assert counter_of(collector, token) == refused > 0


def counter_of(collector: CollectorProcess, token: str) -> int:
    text = ask(collector, "GET", "/metrics", headers={"Authorization": f"Bearer {token}"}).text
    lines = [
        line for line in text.splitlines() if line.startswith("footfall_requests_refused_total") and "peer_" in line
    ]
    return sum(int(line.split()[-1]) for line in lines)


@at_most(Party.NETWORK, "hold connections open, and keep out nobody")
def test_connections_that_wait_keep_out_nobody(collector: CollectorProcess) -> None:
    """Silent connections use up what one peer may open, and a reader with a token gets none."""
    token = token_of(collector)
    with ExitStack() as held:
        for _ in range(SETTINGS["peer_connections"] + 10):
            held.enter_context(wire(collector, INGRESS)).sendall(b"GET / HTTP/1.1\r\n")
        assert read(collector, Authorization=f"Bearer {token}") == 200


@at_most(Party.NETWORK, "hold back many sign-ins, of which few are tried")
def test_bodies_that_are_held_back_are_not_all_tried(collector: CollectorProcess) -> None:
    """A stranger opens many sign-in requests, sends all bodies at once, and has that many guesses in one minute."""
    right = urlencode({"secret": SECRET}).encode()
    head = f"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(right)}\r\n\r\n".encode()
    with ExitStack() as stack:
        held = [stack.enter_context(wire(collector, INGRESS)) for _ in range(HELD)]
        for connection in held:
            connection.sendall(head + right[:-1])
        # Those beyond the limit are answered before their bodies are complete.
        refused = [status(connection) for connection in held[ATTEMPTS:]]
        assert refused == [429] * (HELD - ATTEMPTS)
        wrong = b"x"
        for connection in held[:ATTEMPTS]:
            connection.sendall(wrong)
        assert [status(connection) for connection in held[:ATTEMPTS]] == [401] * ATTEMPTS
    assert b" 429 " in sign_in(collector, SECRET)[:20]


@at_most(Party.NETWORK, "begin a sign-in that never ends, which is given up")
def test_a_body_that_never_comes_is_given_up(collector: CollectorProcess) -> None:
    """Held sign-in requests occupy the collector for as long as their sender likes."""
    with wire(collector, INGRESS) as held:
        held.sendall(b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30\r\n\r\nsecret=")
        assert status(held) == 401


@at_most(Party.NETWORK, "guess from many addresses, no faster than from one")
def test_many_addresses_guess_no_faster_and_lock_out_nobody_who_knows_the_secret(collector: CollectorProcess) -> None:
    """An attacker with a thousand addresses guesses a thousand times as fast, or locks out who signed in before."""
    reader, token, cookie = "127.0.0.8", token_of(collector), session_of(collector)
    assert read(collector, reader, Authorization=f"Bearer {SECRET}") == 200
    statuses = [
        read(collector, f"127.8.0.{n}", Authorization=f"Bearer guess-{n}-{k}")
        for n in range(1, 13)
        for k in range(ATTEMPTS)
    ]
    assert statuses == [401] * ATTEMPTS_OF_ALL + [429] * (len(statuses) - ATTEMPTS_OF_ALL)
    assert read(collector, "127.8.1.1", Authorization=f"Bearer {token}") == 200
    assert read(collector, "127.8.1.1", Cookie=cookie) == 200
    assert read(collector, reader, Authorization=f"Bearer {SECRET}") == 200
    assert b" 303 " in sign_in(collector, SECRET, reader)[:20]


@at_most(Party.NETWORK, "in a page of the operator's browser: try to sign in, and use up no attempts")
def test_a_page_of_another_site_uses_up_no_attempts(collector: CollectorProcess) -> None:
    """A page that the operator visits posts wrong secrets until the operator can't sign in."""
    for _ in range(ATTEMPTS * 2):
        assert b" 403 " in sign_in(collector, "guess", Origin="https://evil.example.org")[:20]
    assert b" 303 " in sign_in(collector, SECRET)[:20]
