"""The parts of HTTP that ingestion needs, on bare ASGI: headers, an answer, CORS."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from .refusals import RefusedError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

JSON = b"application/json"
PLAIN = b"text/plain; charset=utf-8"
_HEADERS_BY_NAME = "footfall.headers"
_PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"*, Authorization"),
    (b"access-control-max-age", b"86400"),
]


def headers_by_name(scope: Scope) -> dict[bytes, bytes]:
    """The first header of each name (lower case)."""
    by_name: dict[bytes, bytes] | None = scope.get(_HEADERS_BY_NAME)
    if by_name is None:
        by_name = scope[_HEADERS_BY_NAME] = dict(reversed(scope["headers"]))
    return by_name


def header(scope: Scope, name: bytes) -> bytes:
    """The first header with that name (lower case), or `b""`."""
    return headers_by_name(scope).get(name, b"")


def header_list(scope: Scope, name: bytes) -> bytes:
    """All headers with that name as one list: lines of the same name are one list in their order (RFC 9110, 5.3)."""
    return b",".join([value for its_name, value in scope["headers"] if its_name == name])


def cors(scope: Scope) -> Headers:
    """The headers that let a page of any origin read an answer of ingestion, as PostHog's do.

    Credentials are allowed because posthog-js before 1.79 sends its requests with them. That gives a page nothing:
    ingestion reads no cookie, and nothing that reads data has these headers.
    """
    origin = header(scope, b"origin")
    if not origin:
        return []
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]


def preflight(scope: Scope) -> Headers:
    """The headers of the answer to OPTIONS."""
    return [*cors(scope), *_PREFLIGHT]


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A whole HTTP answer; `headers` without `content-type` and `content-length`."""

    status: int
    body: bytes = b""
    content_type: bytes = JSON
    headers: Headers = []

    def all_headers(self) -> Headers:
        """`headers` with `content-length` and, for a body, `content-type`."""
        headers: Headers = [(b"content-length", b"%d" % len(self.body)), *self.headers]
        if self.body:
            headers.append((b"content-type", self.content_type))
        return headers


def with_cors(scope: Scope, answer: Answer) -> Answer:
    """The answer with the headers of `cors`."""
    headers = cors(scope)
    return msgspec.structs.replace(answer, headers=headers) if headers else answer


def refusal_answer(refusal: RefusedError, extra_headers: Headers) -> Answer:
    """A refusal as an HTTP answer: its sentence as plain text."""
    headers = list(extra_headers)
    if refusal.retry_after is not None:
        headers.append((b"retry-after", b"%d" % refusal.retry_after))
    return Answer(refusal.status, refusal.sentence.encode() + b"\n", PLAIN, headers)


async def send_answer(send: Send, answer: Answer) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.all_headers()})
    await send({"type": "http.response.body", "body": answer.body})
