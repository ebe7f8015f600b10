"""Connections that take too long, too much or too many places: uvicorn's protocol with limits on what it lacks.

A connection waits for its client while it has no request, while a head or a body comes in, and while an answer goes
out. Each of these has its time. When all places are taken, the connection that has waited longest makes room, so that
a thousand silent ones don't keep others out.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from ...runtime import Settings, Status
from ..limits import LIMITED, Peers
from .upgrade_offers import UpgradeDeclining

_MOST_HEADERS = 128
_MOST_PIPELINED = 16
_SLACK = 1.0
"""Seconds that whoever has a time limit of its own (the body) gets to answer first."""
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 33\r\n\r\nThe head of the request is large.\n"
)


class Phase(IntEnum):
    """What a connection waits for."""

    IDLE = 0
    HEAD = 1
    BODY = 2
    ANSWER = 3


@dataclass(eq=False)
class _Stalled:
    since: float
    left: int


class Connections:
    """All connections of a collector, and the limits that are theirs."""

    def __init__(self, settings: Settings, peers: Peers, status: Status) -> None:
        self.peers, self.status = peers, status
        self.most, self.most_of_peer = settings.max_connections, settings.peer_connections
        self.head_bytes = settings.max_header_bytes
        self.seconds = {
            Phase.IDLE: settings.idle_seconds,
            Phase.HEAD: settings.header_seconds,
            Phase.BODY: settings.body_seconds + _SLACK,
        }
        self.answer_seconds = settings.idle_seconds
        self.open: set[GuardedProtocol] = set()
        self.of_peer: Counter[str] = Counter()
        # In the order in which they began to wait.
        self.waiting: dict[GuardedProtocol, None] = {}
        self.stalled: dict[GuardedProtocol, _Stalled] = {}
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, connection: "GuardedProtocol") -> bool:
        """Give a new connection its place; False where its peer has too many."""
        name = connection.peer
        if name[0] == LIMITED and self.most_of_peer and self.of_peer[name] >= self.most_of_peer:
            self.cut(connection, "peer_connections")
            return False
        if len(self.open) >= self.most:
            longest = next(iter(self.waiting), connection)
            self.cut(longest, "connections")
            if longest is connection:
                return False
        self.of_peer[name] += 1
        self.open.add(connection)
        if self._timer is None:
            self._look_again(connection.loop)
        return True

    def leave(self, connection: "GuardedProtocol") -> None:
        """Its place is free. Safe to call twice."""
        self.waiting.pop(connection, None)
        self.stalled.pop(connection, None)
        if connection in self.open:
            self.open.discard(connection)
            self.of_peer[connection.peer] -= 1
            if not self.of_peer[connection.peer]:
                del self.of_peer[connection.peer]

    def cut(self, connection: "GuardedProtocol", reason: str) -> None:
        """End a connection at once, whatever is still to be sent."""
        self.status.increment("connections_cut", reason=reason)
        self.leave(connection)
        connection.give_up()
        connection.transport.abort()

    def _look_again(self, loop: asyncio.AbstractEventLoop) -> None:
        pause = max(0.05, min(1.0, self.seconds[Phase.HEAD] / 4))
        self._timer = loop.call_later(pause, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in [c for c in self.waiting if now - c.since > self.seconds[c.phase]]:
            if connection.phase is Phase.IDLE and connection.transport.get_write_buffer_size():
                self.cut(connection, "slow_answer")
            elif connection.phase is Phase.IDLE:
                self.leave(connection)
                connection.transport.close()
            else:
                self.cut(connection, f"slow_{connection.phase.name.lower()}")
        for connection, stalled in list(self.stalled.items()):
            left = connection.transport.get_write_buffer_size()
            if left < stalled.left:
                stalled.since, stalled.left = now, left
            elif now - stalled.since > self.answer_seconds:
                self.cut(connection, "slow_answer")
        self._timer = None
        if self.open:
            self._look_again(loop)


class GuardedProtocol(UpgradeDeclining):
    """One connection. Its `client` is the peer's name: the address goes no further than `connection_made`."""

    all: ClassVar[Connections]
    peer = "p"
    phase = Phase.IDLE
    since = 0.0
    _head = 0
    _begun = _ended = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place, under the peer's name."""
        super().connection_made(transport)
        self.peer = self.all.peers.name(self.client[0] if self.client else "")
        self.client = (self.peer, 0)
        if self.all.enter(self):
            # The first head is due at once; later ones after a pause.
            self._wait(Phase.HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self.all.leave(self)
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Who has said all may still listen: what came whole is answered, and the connection closed after it."""
        # An answer that has begun may be a stream without an end.
        if self.phase is not Phase.ANSWER or self.cycle.response_started:
            return False
        self.cycle.keep_alive = False
        return True

    def data_received(self, data: bytes) -> None:
        """Parse, and refuse what is too much before it is whole."""
        if self.transport.is_closing():
            return
        self._begun = self._ended = False
        super().data_received(data)
        if self.phase is Phase.HEAD:
            if self._begun:
                # Its rest is still to come.
                self._wait(Phase.HEAD)
            # What stands before this head in the same read is no part of it.
            self._head += self._size() if self._ended else len(data)
            if self._head > self.all.head_bytes:
                self._refuse_head()
        elif self.headers and self.has_large_head(len(data)):
            self._refuse_head()
        elif len(self.pipeline) > _MOST_PIPELINED:
            self.all.cut(self, "pipelined")

    def has_large_head(self, came: int) -> bool:
        """Whether the head that has ended within the last `came` bytes is more than is taken; trailers count too."""
        most = self.all.head_bytes
        return len(self.headers) > _MOST_HEADERS or (self._head + came > most and self._size() > most)

    def _size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def give_up(self) -> None:
        """Whatever is being made of its requests: nobody waits for it."""
        if self.cycle is not None:
            for cycle in (self.cycle, *(waiting for waiting, _ in self.pipeline)):
                cycle.disconnected = True
                cycle.message_event.set()

    def _refuse_head(self) -> None:
        if self.transport.is_closing():
            return
        self.all.status.increment("requests_refused", reason="large_head")
        self.give_up()
        self.transport.write(_TOO_LARGE)
        self.transport.close()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._head, self._begun, self.phase = 0, True, Phase.HEAD

    def on_headers_complete(self) -> None:
        """A head is whole, a body begins."""
        self._wait(Phase.BODY)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A body is whole: from here on it is we who are waited for, unless the answer is given already."""
        if self.parser.should_upgrade():
            return  # it comes again, without its offer of another protocol
        super().on_message_complete()
        self._ended = True
        if self.cycle.response_complete:
            self._wait(Phase.IDLE)
        else:
            self.phase = Phase.ANSWER
            self.all.waiting.pop(self, None)

    def on_response_complete(self) -> None:
        """An answer is given. The client may have gone on meanwhile: with the rest of a body, with the next request.

        What uvicorn does, but for its timer: idle connections are ended together, by `Connections`.
        """
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            # It closes once its answer has gone out, which the client may never let happen.
            if left := self.transport.get_write_buffer_size():
                self.all.stalled[self] = _Stalled(self.loop.time(), left)
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        if self.phase is Phase.ANSWER and self.cycle.response_complete:
            self._wait(Phase.IDLE)

    def pause_writing(self) -> None:
        """The client takes its answer slowly."""
        super().pause_writing()
        self.all.stalled[self] = _Stalled(self.loop.time(), self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """It has taken enough of it."""
        super().resume_writing()
        if not self.transport.is_closing():
            self.all.stalled.pop(self, None)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self.all.status.increment("requests_refused", reason="not_http")
        super().send_400_response(msg)

    def _wait(self, phase: Phase) -> None:
        self.phase, self.since = phase, self.loop.time()
        waiting = self.all.waiting
        waiting.pop(self, None)
        waiting[self] = None
