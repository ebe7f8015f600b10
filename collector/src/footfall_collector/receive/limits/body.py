"""Reads a request's body within the bounds on its size, its time, and the memory of all unanswered bodies."""

import asyncio

from ..asgi import Message, Receive
from ..refusals import RefusedError, too_large
from .sizes import BodyMemory, Limits

_MAX_DISCARDED_BODIES = 4
"""A body that is too large is read to its end, up to this multiple of the limit, so that its sender reads the 413."""


class ClientGoneError(Exception):
    """The client disconnected before its body was complete."""


async def read_body(receive: Receive, limits: Limits, memory: BodyMemory, peer: str) -> bytes:
    """The complete body. Its size is reserved in `memory` for `peer`; the caller releases it.

    Raises:
        RefusedError: 413 too large, 408 too slow, 503 no memory for it now.
        ClientGoneError: the client disconnected.
    """
    message = await receive()
    if not message.get("more_body", False):
        if message["type"] != "http.request":
            raise ClientGoneError
        body: bytes = message.get("body", b"")
        limits.check_body(len(body))
        memory.reserve(len(body), peer)
        return body
    try:
        async with asyncio.timeout(limits.body_seconds):
            return await _read_in_parts(message, receive, limits, memory, peer)
    except TimeoutError:
        raise RefusedError(408, "too_slow", "The body took too long to arrive; try again.") from None


async def _read_in_parts(message: Message, receive: Receive, limits: Limits, memory: BodyMemory, peer: str) -> bytes:
    parts: list[bytes] = []
    size = reserved = 0
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
                    memory.reserve(len(part), peer, complete=False)
                    reserved += len(part)
                    parts.append(part)
                except RefusedError as problem:
                    refusal = problem
                    parts.clear()
            elif size > _MAX_DISCARDED_BODIES * limits.body_bytes:
                raise too_large("The body is far too large.")
            if not message.get("more_body", False):
                break
            message = await receive()
        if refusal is not None:
            raise refusal
    except BaseException:
        memory.release(reserved, peer)
        raise
    return b"".join(parts)
