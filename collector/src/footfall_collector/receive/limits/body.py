"""A request's body, read within the bounds on its size, its time, and what all unfinished requests may hold."""

import asyncio

from ..asgi import Message, Receive
from ..refusals import RefusedError, too_large
from .sizes import Limits, Waiting

_DISCARDED = 4


class ClientGoneError(Exception):
    """The client went away before its body was whole."""


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
