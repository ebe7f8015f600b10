"""Outages of every kind, each by a real server or socket on loopback."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from client.tests.support.server import Answer, Server, drip, hang, reset, status


@dataclass(frozen=True)
class Destination:
    """The address that a client sends to.

    `elsewhere` is the target of redirects; `server` is None where no server listens.
    """

    url: str
    elsewhere: Server
    server: Server | None = None


LOGIN_PAGE = status(200, b"<!doctype html><title>Sign in</title>", Content_Type="text/html")
CODES = (408, 500, 503, 400, 401, 403, 413)
OUTAGES = (
    "refusing", "hanging", "black hole", "reset", "slow drip", "untrusted certificate", "NXDOMAIN", "login page",
    "429 with Retry-After", "302", "redirect elsewhere", *map(str, CODES),
)  # fmt: skip


@contextmanager
def outage(kind: str, tls: ssl.SSLContext) -> Iterator[Destination]:
    """A destination with one of OUTAGES. `tls` has a certificate that no client trusts."""
    with ExitStack() as stack:
        elsewhere = stack.enter_context(Server())
        if kind == "NXDOMAIN":
            yield Destination("http://telemetry.invalid", elsewhere)
        elif kind in ("refusing", "black hole"):
            port = stack.enter_context(_unanswered(listening=kind == "black hole"))
            yield Destination(f"http://127.0.0.1:{port}", elsewhere)
        else:
            untrusted = tls if kind == "untrusted certificate" else None
            server = stack.enter_context(Server(_answer(kind, elsewhere), tls=untrusted))
            yield Destination(server.url, elsewhere, server)


def _answer(kind: str, elsewhere: Server) -> Answer:
    if kind.isdigit() and kind != "302":
        return status(int(kind), b"no")
    return {
        "hanging": hang,
        "reset": reset,
        "slow drip": drip,
        "login page": LOGIN_PAGE,
        "untrusted certificate": status(200),
        "429 with Retry-After": status(429, b"", Retry_After="3"),
        "302": status(302, b"", Location="/login"),
        "redirect elsewhere": status(307, b"", Location=f"{elsewhere.url}/batch/"),
    }[kind]


@contextmanager
def _unanswered(*, listening: bool) -> Iterator[int]:
    """A port that refuses connections; if `listening`, one whose queue is full, so that the kernel drops them."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        if listening:
            listener.listen(0)
            for _ in range(3):
                connecting = stack.enter_context(socket.socket())
                connecting.setblocking(False)
                connecting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
