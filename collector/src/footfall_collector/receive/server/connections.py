"""Limits on connections that uvicorn lacks: their number, the time of each phase, the size of a head.

A connection waits for its client while it is idle, while a head or a body arrives, and while an answer is sent. Each
phase has a time limit. When all places are in use, the connection that has waited longest is closed: a thousand silent
connections don't keep others out.

A request of 30 bytes costs the event loop as much as kilobytes of a body, also one that is refused. So few requests are
begun in one read, and the connections of a peer that sends twice what it may are read slowly. They are not closed:
someone else behind the same address may have a token.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from ...runtime import Settings, Status
from ..limits import LIMITED, Peers, RateLimiter
from .upgrade_offers import UpgradeDeclining

_MAX_HEADERS = 128
_MAX_PIPELINED = 16
_MAX_BEGUN, _MAX_BEGUN_OVER_LIMIT = 32, 2
"""In one read; some are parsed twice (see `upgrade_offers`). The second is for a peer that sends too many."""
_PAUSE_SECONDS = 0.25
"""Between two requests on a connection of such a peer."""
_BODY_SLACK_SECONDS = 1.0
"""`read_body` has the same time limit and should answer first, with 408."""
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 33\r\n\r\nThe head of the request is large.\n"
)


class _TooManyRequestsError(Exception):
    """Ends the parser in the middle of a read."""


class Phase(IntEnum):
    """The state of a connection; in the first three it waits for its client."""

    IDLE = 0
    HEAD = 1
    BODY = 2
    ANSWER = 3


@dataclass(eq=False)
class _StalledWrite:
    since: float
    unsent: int


class Connections:
    """All open connections of a collector, and their limits."""

    def __init__(self, settings: Settings, peers: Peers, status: Status) -> None:
        self.peers, self.status = peers, status
        self.max_open, self.max_per_peer = settings.max_connections, settings.peer_connections
        self.head_bytes = settings.max_header_bytes
        self.seconds = {
            Phase.IDLE: settings.idle_seconds,
            Phase.HEAD: settings.header_seconds,
            Phase.BODY: settings.body_seconds + _BODY_SLACK_SECONDS,
        }
        self.answer_seconds = settings.idle_seconds
        self.open: set[GuardedProtocol] = set()
        self.open_per_peer: Counter[str] = Counter()
        # In the order in which they began to wait.
        self.waiting: dict[GuardedProtocol, None] = {}
        self.stalled: dict[GuardedProtocol, _StalledWrite] = {}
        self._timer: asyncio.TimerHandle | None = None
        # Of every request, also of those to which no other limit applies, as health checks.
        self._requests = RateLimiter(2 * settings.peer_requests_per_minute)

    def is_over_limit(self, peer: str) -> bool:
        """Count a request that begins; whether its peer has begun twice what it may."""
        return peer[0] == LIMITED and self._requests.acquire(peer) > 0

    def add(self, connection: "GuardedProtocol") -> bool:
        """Register a new connection; False where it is cut, because there are too many that don't wait."""
        peer = connection.peer
        if peer[0] == LIMITED and self.max_per_peer and self.open_per_peer[peer] >= self.max_per_peer:
            # Strangers may share the address: connections that say nothing must not keep out one with a token.
            longest = next((waiting for waiting in self.waiting if waiting.peer == peer), connection)
            self.cut(longest, "peer_connections")
            if longest is connection:
                return False
        if len(self.open) >= self.max_open:
            longest = next(iter(self.waiting), connection)
            self.cut(longest, "connections")
            if longest is connection:
                return False
        self.open_per_peer[peer] += 1
        self.open.add(connection)
        if self._timer is None:
            self._schedule_check(connection.loop)
        return True

    def remove(self, connection: "GuardedProtocol") -> None:
        """Safe to call twice."""
        self.waiting.pop(connection, None)
        self.stalled.pop(connection, None)
        if connection in self.open:
            self.open.discard(connection)
            self.open_per_peer[connection.peer] -= 1
            if not self.open_per_peer[connection.peer]:
                del self.open_per_peer[connection.peer]

    def cut(self, connection: "GuardedProtocol", reason: str) -> None:
        """Close a connection at once, without sending the rest of an answer."""
        self.status.increment("connections_cut", reason=reason)
        self.remove(connection)
        connection.abandon_requests()
        connection.transport.abort()

    def _schedule_check(self, loop: asyncio.AbstractEventLoop) -> None:
        interval = max(0.05, min(1.0, self.seconds[Phase.HEAD] / 4))
        self._timer = loop.call_later(interval, self._check_timeouts, loop)

    def _check_timeouts(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in [c for c in self.waiting if now - c.since > self.seconds[c.phase]]:
            if connection.phase is Phase.IDLE and connection.transport.get_write_buffer_size():
                self.cut(connection, "slow_answer")
            elif connection.phase is Phase.IDLE:
                self.remove(connection)
                connection.transport.close()
            else:
                self.cut(connection, f"slow_{connection.phase.name.lower()}")
        for connection, stalled in list(self.stalled.items()):
            unsent = connection.transport.get_write_buffer_size()
            if unsent < stalled.unsent:
                stalled.since, stalled.unsent = now, unsent
            elif now - stalled.since > self.answer_seconds:
                self.cut(connection, "slow_answer")
        self._timer = None
        if self.open:
            self._schedule_check(loop)


class GuardedProtocol(UpgradeDeclining):
    """One connection. Its `client` is the peer's name; `connection_made` is the only place that sees the address.

    It overrides private methods of uvicorn's protocol; a test compares them with the installed release's.
    """

    registry: ClassVar[Connections]
    peer = "p"
    phase = Phase.IDLE
    since = 0.0
    _head_size = 0
    _message_began = _message_ended = _over_limit = _has_too_many = False
    _begun, _resume_at = 0, 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Replace the address by the peer's name."""
        super().connection_made(transport)
        self.peer = self.registry.peers.name(self.client[0] if self.client else "")
        self.client = (self.peer, 0)
        if self.registry.add(self):
            # The time of the first head begins at once; that of later ones when they begin.
            self._wait(Phase.HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        self.registry.remove(self)
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer a complete POST of a client that has closed its half, then close the connection.

        Who asks with GET and closes has left: a question that nobody waits for would keep others waiting.
        """
        # A started answer may be an endless stream.
        if self.phase is not Phase.ANSWER or self.cycle.response_started or self.cycle.scope["method"] != "POST":
            return False
        self.cycle.keep_alive = False
        return True

    def data_received(self, data: bytes) -> None:
        """Parse, and refuse a head that is too large before it is complete."""
        if self.transport.is_closing():
            return
        self._message_began, self._message_ended, self._begun = False, False, 0
        super().data_received(data)
        if self._has_too_many:
            self.registry.cut(self, "pipelined")
        elif self.phase is Phase.HEAD:
            if self._message_began:
                self._wait(Phase.HEAD)
            # An earlier request in the same read is no part of this head.
            self._head_size += self._parsed_size() if self._message_ended else len(data)
            if self._head_size > self.registry.head_bytes:
                self._refuse_head()
        elif self.headers and self.has_large_head(len(data)):
            self._refuse_head()
        elif len(self.pipeline) > _MAX_PIPELINED:
            self.registry.cut(self, "pipelined")

    def has_large_head(self, read_size: int) -> bool:
        """Whether the head that ended in the last `read_size` bytes is over the limit; trailers count too."""
        max_bytes = self.registry.head_bytes
        may_be_large = self._head_size + read_size > max_bytes
        return len(self.headers) > _MAX_HEADERS or (may_be_large and self._parsed_size() > max_bytes)

    def _parsed_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def abandon_requests(self) -> None:
        """Tell the applications of its requests that the client is gone."""
        if self.cycle is not None:
            for cycle in (self.cycle, *(waiting for waiting, _ in self.pipeline)):
                cycle.disconnected = True
                cycle.message_event.set()

    def _refuse_head(self) -> None:
        if self.transport.is_closing():
            return
        self.registry.status.increment("requests_refused", reason="large_head")
        self.abandon_requests()
        self.transport.write(_TOO_LARGE)
        self.transport.close()

    def on_message_begin(self) -> None:
        """Begin a request, unless the read has too many."""
        self._begun += 1
        self._over_limit = self.registry.is_over_limit(self.peer)
        if self._begun > (_MAX_BEGUN_OVER_LIMIT if self._over_limit else _MAX_BEGUN):
            self._has_too_many = True
            raise _TooManyRequestsError
        super().on_message_begin()
        self._head_size, self._message_began, self.phase = 0, True, Phase.HEAD

    def on_headers_complete(self) -> None:
        self._wait(Phase.BODY)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The client waits for the answer from here on, unless it was sent before the body was complete."""
        if self.parser.should_upgrade():
            return  # the request is parsed again, without its offer of another protocol
        super().on_message_complete()
        self._message_ended = True
        if self.cycle.response_complete:
            self._wait(Phase.IDLE)
        else:
            self.phase = Phase.ANSWER
            self.registry.waiting.pop(self, None)

    def on_response_complete(self) -> None:
        """A copy of uvicorn's method without its timer: `Connections` closes idle connections.

        The client may have sent the rest of a body or its next request before the answer.
        """
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            # It closes once its answer is sent, which a client that does not read prevents.
            if unsent := self.transport.get_write_buffer_size():
                self.registry.stalled[self] = _StalledWrite(self.loop.time(), unsent)
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        if self.phase is Phase.ANSWER and self.cycle.response_complete:
            self._wait(Phase.IDLE)
        if self._over_limit:
            self._pause()

    def _pause(self) -> None:
        """Read nothing more for a moment, in which the client's requests wait on its own side."""
        self._resume_at = max(self.loop.time(), self._resume_at) + _PAUSE_SECONDS
        self.transport.pause_reading()
        self.loop.call_at(self._resume_at, self._resume)

    def _resume(self) -> None:
        if not self.transport.is_closing() and self.loop.time() >= self._resume_at and not self.flow.read_paused:
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.registry.stalled[self] = _StalledWrite(self.loop.time(), self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.transport.is_closing():
            self.registry.stalled.pop(self, None)

    def send_400_response(self, msg: str) -> None:
        if self._has_too_many:
            return  # it is cut
        self.registry.status.increment("requests_refused", reason="not_http")
        super().send_400_response(msg)

    def _wait(self, phase: Phase) -> None:
        self.phase, self.since = phase, self.loop.time()
        waiting = self.registry.waiting
        waiting.pop(self, None)
        waiting[self] = None
