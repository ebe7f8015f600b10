"""The fast path of a request that arrives whole in one read: from the parser to its answer by plain calls.

uvicorn makes a task, an event and a few messages for each request before it calls an application. A POST of events
that is complete needs none of these. Every other request takes uvicorn's path: an incomplete body, another method or
path, a query, an upgrade, a request behind an unanswered one.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from ..asgi import PLAIN, Answer, Headers, Scope
from ..pipeline import Respond
from ..protocol import DecodeRequest
from .connections import Connections, GuardedProtocol, Phase

_log = logging.getLogger(__name__)
_FAILED = Answer(500, b"The collector failed at this request; see its log.\n", PLAIN)


class FastPath:
    """The state that all connections share.

    Args:
        decoders: path as in a request line to the protocol version of a POST of events to it.
        ingest: answers a request: `IngestionPipeline.ingest`.
        base: the base path of all addresses, empty or such as `/stats`.
    """

    def __init__(
        self,
        decoders: Mapping[bytes, DecodeRequest],
        ingest: Callable[[DecodeRequest, Scope, bytes, Respond], None],
        base: str = "",
    ) -> None:
        self.ingest = ingest
        # Each path with and without the base path, which a proxy may remove.
        below = {base.encode() + path: path for path in decoders} | {path: path for path in decoders}
        self.decoders = {sent: decoders[path] for sent, path in below.items()}
        self.paths = {sent: path.decode("ascii") for sent, path in below.items()}
        self._server_headers: Headers | None = None
        self._heads: dict[int, bytes] = {}
        # Most answers are the same object.
        self._latest: tuple[Answer, bytes] | None = None

    def protocol(self, connections: Connections) -> "type[FastPathProtocol]":
        """The protocol class for uvicorn, bound to these connections."""
        return type("BoundProtocol", (FastPathProtocol,), {"registry": connections, "fast_path": self})

    def serialize(self, answer: Answer, server_headers: Headers, keep_alive: bool) -> bytes:
        """An answer as the bytes of an HTTP response."""
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
        response = b"%b%b%b\r\n%b" % (head, _lines(answer.all_headers()), close, answer.body)
        if keep_alive:
            self._latest = (answer, response)
        return response


def _lines(headers: Headers) -> bytes:
    return b"".join([b"%b: %b\r\n" % pair for pair in headers])


class _FastPathCycle:
    """Stands in for uvicorn's RequestResponseCycle: the attributes that uvicorn and `connections` use."""

    __slots__ = ("disconnected", "keep_alive", "response_complete")
    # Nothing waits for the event, and the answer is written in one piece.
    message_event: ClassVar = asyncio.Event()
    response_started: ClassVar = False
    scope: ClassVar = {"method": "POST"}

    def __init__(self) -> None:
        self.disconnected = self.response_complete = False
        self.keep_alive = True


class FastPathProtocol(GuardedProtocol):
    """One connection, some of whose requests take the fast path."""

    fast_path: ClassVar[FastPath]
    _decode: DecodeRequest | None = None
    _read_size = 0
    _used_in_this_read = False
    _body_parts: list[bytes]

    def data_received(self, data: bytes) -> None:
        """Parse; a request whose body is incomplete after it takes uvicorn's path."""
        self._read_size, self._used_in_this_read = len(data), False
        super().data_received(data)
        if self._decode is not None:
            self._decode = None
            if not self.transport.is_closing():
                self._fall_back()

    def _fall_back(self) -> None:
        super().on_headers_complete()
        for part in self._body_parts:
            super().on_body(part)

    def on_headers_complete(self) -> None:
        """Choose the path."""
        # Trailers are appended to the list of headers later, and are no headers: anyone can write them.
        self.scope["headers"] = self.headers.copy()
        decode = self.fast_path.decoders.get(self.url)
        if decode is None or not self._is_eligible():
            super().on_headers_complete()
        else:
            self._decode, self._body_parts, self.phase = decode, [], Phase.BODY

    def _is_eligible(self) -> bool:
        cycle, parser = self.cycle, self.parser
        return bool(
            # One per read: further requests wait in the pipeline, and other connections are served between them.
            not self._used_in_this_read
            and (cycle is None or cycle.response_complete)
            and not self.expect_100_continue
            and not self.flow.write_paused
            and not self.has_large_head(self._read_size)
            and parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
        )

    def on_body(self, body: bytes) -> None:
        if self._decode is None:
            super().on_body(body)
        else:
            self._body_parts.append(body)

    def on_message_complete(self) -> None:
        """Ingest the request and write its answer."""
        decode, self._decode = self._decode, None
        if decode is None or self.has_large_head(self._read_size):
            # Trailers can make a head too large.
            if decode is not None:
                self._fall_back()
            super().on_message_complete()
            return
        self._used_in_this_read = self._message_ended = True
        parts = self._body_parts
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        scope: Scope = self.scope  # type: ignore[assignment]
        scope["method"], scope["path"], scope["query_string"] = "POST", self.fast_path.paths[self.url], b""
        cycle = _FastPathCycle()
        self.cycle = cycle  # type: ignore[assignment]
        self.phase = Phase.ANSWER
        self.registry.waiting.pop(self, None)
        respond = partial(self._respond, cycle)
        try:
            self.fast_path.ingest(decode, scope, body, respond)
        except Exception as error:  # noqa: BLE001 -- the boundary of a server: 500, and the class in the log
            _log.error("a request could not be answered (%s)", type(error).__name__)
            if not cycle.response_complete:
                cycle.keep_alive = False
                respond(_FAILED)

    def _respond(self, cycle: _FastPathCycle, answer: Answer) -> None:
        cycle.response_complete = True
        if cycle.disconnected or self.transport.is_closing():
            return
        self.transport.write(self.fast_path.serialize(answer, self.server_state.default_headers, cycle.keep_alive))
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()
