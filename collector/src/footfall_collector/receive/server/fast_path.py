"""The short way of a request that came whole in one read: from the parser to its answer by plain calls.

uvicorn makes a task, an event and a few messages for each request, before anything of ours runs. A POST of events
that is all there needs none of that. What differs in anything (a body that is not whole, another method or path, a
query, an upgrade, a request behind one that is not answered yet) goes uvicorn's way.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from ..asgi import PLAIN, Answer, Headers, Scope
from ..capture import Done, Way
from .connections import Connections, GuardedProtocol, Phase

_log = logging.getLogger(__name__)
_FAILED = Answer(500, b"The collector failed at this request; see its log.\n", PLAIN)


class FastPath:
    """What all connections share of it.

    Args:
        ways: how a POST to a path, as it stands in a request, is read.
        take: answers a request.
    """

    def __init__(self, ways: Mapping[bytes, Way], take: Callable[[Way, Scope, bytes, Done], None]) -> None:
        self.ways, self.take = ways, take
        self._server_headers: Headers | None = None
        self._heads: dict[int, bytes] = {}
        # Most answers are the same one.
        self._latest: tuple[Answer, bytes] | None = None

    def protocol(self, connections: Connections) -> "type[FastPathProtocol]":
        """The protocol class for uvicorn, bound to these connections."""
        return type("BoundProtocol", (FastPathProtocol,), {"all": connections, "short": self})

    def written(self, answer: Answer, server_headers: Headers, keep_alive: bool) -> bytes:
        """An answer as it goes over the wire, in one piece."""
        if server_headers is not self._server_headers:
            # uvicorn makes a new list every second.
            self._server_headers, self._latest = server_headers, None
            self._heads.clear()
        elif self._latest is not None and self._latest[0] is answer and keep_alive:
            return self._latest[1]
        head = self._heads.get(answer.status)
        if head is None:
            head = self._heads[answer.status] = STATUS_LINE[answer.status] + _lines(server_headers)
        close = b"" if keep_alive else b"connection: close\r\n"
        whole = b"%b%b%b\r\n%b" % (head, _lines(answer.all_headers()), close, answer.body)
        if keep_alive:
            self._latest = (answer, whole)
        return whole


def _lines(headers: Headers) -> bytes:
    return b"".join([b"%b: %b\r\n" % pair for pair in headers])


class _Exchange:
    """What uvicorn's code asks of a request that is being answered."""

    __slots__ = ("disconnected", "keep_alive", "response_complete")
    # Nobody waits for it, and it goes out in one piece.
    message_event: ClassVar = asyncio.Event()
    response_started: ClassVar = False

    def __init__(self) -> None:
        self.disconnected = self.response_complete = False
        self.keep_alive = True


class FastPathProtocol(GuardedProtocol):
    """One connection, some of whose requests go the short way."""

    short: ClassVar[FastPath]
    _way: Way | None = None
    _came = 0
    _taken = False
    _parts: list[bytes]

    def data_received(self, data: bytes) -> None:
        """Parse; a request whose body is not whole by then goes the long way."""
        self._came, self._taken = len(data), False
        super().data_received(data)
        if self._way is not None:
            self._way = None
            if not self.transport.is_closing():
                self._go_long()

    def _go_long(self) -> None:
        super().on_headers_complete()
        for part in self._parts:
            super().on_body(part)

    def on_headers_complete(self) -> None:
        """Choose the way."""
        way = self.short.ways.get(self.url)
        if way is None or not self._may_be_short():
            super().on_headers_complete()
        else:
            self._way, self._parts, self.phase = way, [], Phase.BODY

    def _may_be_short(self) -> bool:
        cycle, parser = self.cycle, self.parser
        return bool(
            # One of each read: who sends many at once waits in the pipeline, and others are served between them.
            not self._taken
            and (cycle is None or cycle.response_complete)
            and not self.expect_100_continue
            and not self.flow.write_paused
            and not self.has_large_head(self._came)
            and parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
        )

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        if self._way is None:
            super().on_body(body)
        else:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        way, self._way = self._way, None
        if way is None or self.has_large_head(self._came):
            # There may have been trailers.
            if way is not None:
                self._go_long()
            super().on_message_complete()
            return
        self._taken = self._ended = True
        parts = self._parts
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        scope: Scope = self.scope  # type: ignore[assignment]
        scope["method"], scope["path"], scope["query_string"] = "POST", self.url.decode("ascii"), b""
        exchange = _Exchange()
        self.cycle = exchange  # type: ignore[assignment]
        self.phase = Phase.ANSWER
        self.all.waiting.pop(self, None)
        done = partial(self._answer, exchange)
        try:
            self.short.take(way, scope, body, done)
        except Exception as error:  # noqa: BLE001 -- as a server does: it is answered with 500, and the log has its class
            _log.error("a request could not be answered (%s)", type(error).__name__)
            if not exchange.response_complete:
                exchange.keep_alive = False
                done(_FAILED)

    def _answer(self, exchange: _Exchange, answer: Answer) -> None:
        exchange.response_complete = True
        if exchange.disconnected or self.transport.is_closing():
            return
        self.transport.write(self.short.written(answer, self.server_state.default_headers, exchange.keep_alive))
        if not exchange.keep_alive:
            self.transport.close()
        self.on_response_complete()
