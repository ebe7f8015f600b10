"""The little of HTTP that ingestion needs, on bare ASGI: a body with bounds, an answer, CORS, the Host header."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from .limits import Limits, Waiting
from .refusals import RefusedError, too_large

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

JSON = b"application/json"
PLAIN = b"text/plain; charset=utf-8"
_FIRST = "footfall.headers"
_DISCARDED = 4
_PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"*, Authorization"),
    (b"access-control-max-age", b"86400"),
]


class ClientGoneError(Exception):
    """The client went away before its body was whole."""


def header(scope: Scope, name: bytes) -> bytes:
    """The first header of that name (lower case), empty where there is none."""
    first: dict[bytes, bytes] | None = scope.get(_FIRST)
    if first is None:
        first = scope[_FIRST] = dict(reversed(scope["headers"]))
    return first.get(name, b"")


def cors(scope: Scope) -> Headers:
    """The headers that let a page of any origin read the answer, without credentials."""
    origin = header(scope, b"origin")
    return [(b"access-control-allow-origin", origin), (b"vary", b"Origin")] if origin else []


def preflight(scope: Scope) -> Headers:
    """The headers that answer OPTIONS."""
    return [*cors(scope), *_PREFLIGHT]


async def read_body(receive: Receive, limits: Limits, waiting: Waiting) -> bytes:
    """The whole body; its size is taken from `waiting`, for the caller to give back.

    Raises:
        RefusedError: 413 too large, 408 too slow, 503 no memory for it now.
        ClientGoneError: the client went away.
    """
    message = await receive()
    if not message.get("more_body", False):
        if message["type"] != "http.request":
            raise ClientGoneError
        body: bytes = message.get("body", b"")
        limits.check_body(len(body))
        waiting.take(len(body))
        return body
    try:
        async with asyncio.timeout(limits.body_seconds):
            return await _read_rest(message, receive, limits, waiting)
    except TimeoutError:
        raise RefusedError(408, "too_slow", "The body took too long to arrive; try again.") from None


async def _read_rest(message: Message, receive: Receive, limits: Limits, waiting: Waiting) -> bytes:
    parts: list[bytes] = []
    size = taken = 0
    refusal: RefusedError | None = None
    try:
        while True:
            if message["type"] != "http.request":
                raise ClientGoneError
            part = message.get("body", b"")
            size += len(part)
            if refusal is None:
                try:
                    limits.check_body(size)
                    waiting.take(len(part), whole=False)
                    taken += len(part)
                    parts.append(part)
                except RefusedError as found:
                    # The rest is read and thrown away, so that the client is there to hear why.
                    refusal = found
                    parts.clear()
            elif size > _DISCARDED * limits.body_bytes:
                raise too_large("The body is far too large.")
            if not message.get("more_body", False):
                break
            message = await receive()
        if refusal is not None:
            raise refusal
    except BaseException:
        waiting.give_back(taken)
        raise
    return b"".join(parts)


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A whole answer: its status, its body, and the headers beside those that tell of the body."""

    status: int
    body: bytes = b""
    content_type: bytes = JSON
    headers: Headers = []

    def all_headers(self) -> Headers:
        """Those of the body too."""
        found: Headers = [(b"content-length", b"%d" % len(self.body)), *self.headers]
        if self.body:
            found.append((b"content-type", self.content_type))
        return found


def refused(refusal: RefusedError, extra: Headers) -> Answer:
    """The answer that a refusal is: its sentence as plain text."""
    headers = list(extra)
    if refusal.retry_after is not None:
        headers.append((b"retry-after", b"%d" % refusal.retry_after))
    return Answer(refusal.status, refusal.sentence.encode() + b"\n", PLAIN, headers)


async def send_answer(send: Send, answer: Answer) -> None:
    """Send it."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.all_headers()})
    await send({"type": "http.response.body", "body": answer.body})
