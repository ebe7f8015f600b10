"""Endpoints behind the gate of reading: run on its threads, shared by equal requests, refused with 503 when it is full.

A client that disconnects frees its place.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ..answer import BusyError, ReadGate
from .endpoint import Endpoint

AsyncEndpoint = Callable[[Request], Awaitable[Response]]
Question = Callable[[Request], Hashable]
"""What a request asks; None where its answer can't be shared. Raises nothing."""


@dataclass(frozen=True)
class WholeAnswer:
    """A response's parts: the response itself changes when it is sent, so each request gets another."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def size(self) -> int:
        return len(self.body) + sum(len(name) + len(value) for name, value in self.headers)

    def response(self) -> Response:
        response = Response(self.body, self.status)
        response.raw_headers = list(self.headers)
        return response


async def through_gate(
    gate: ReadGate,
    work: Callable[[], Any],
    disconnected: Callable[[], Coroutine[Any, Any, None]] | None = None,
    **options: Any,
) -> Any:
    """The result of `work` on a thread of the gate; None if `disconnected` came first. Raises as `ReadGate.ask`."""
    reading = gate.ask(work, **options)
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def announce(_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop may have ended
            loop.call_soon_threadsafe(done.set)

    reading.answer.add_done_callback(announce)
    waits: list[asyncio.Task[Any]] = [asyncio.create_task(done.wait())]
    if disconnected is not None:
        waits.append(asyncio.create_task(disconnected()))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        return reading.answer.result() if reading.answer.done() else None
    finally:
        for wait in waits:
            wait.cancel()
        if not reading.answer.done():
            gate.leave(reading)


def gated(
    gate: ReadGate, endpoint: Endpoint, question: Question | None = None, keep: bool = False, first: bool = False
) -> AsyncEndpoint:
    """An endpoint on the gate's threads.

    Args:
        gate: the gate.
        endpoint: what answers.
        question: what makes requests equal.
        keep: whether an answer stands until the store changes.
        first: whether it comes before others that wait: for what needs no query.
    """

    async def answer(request: Request) -> Response:
        asked = question(request) if question else None
        try:
            whole = await through_gate(
                gate,
                lambda: _whole(endpoint(request)),
                lambda: _disconnected(request),
                question=(request.url.path, asked) if asked is not None else None,
                size_of=_size if keep else None,
                first=first,
            )
        except BusyError as busy:
            body = msgspec.json.encode({"error": str(busy)})
            headers = {"retry-after": str(busy.retry_after)}
            return Response(body, 503, headers, "application/json")
        # Nobody reads the answer to a client that is gone.
        return whole.response() if whole else Response(status_code=503)

    return answer


def _whole(response: Response) -> WholeAnswer:
    return WholeAnswer(response.status_code, tuple(response.raw_headers), bytes(response.body))


def _size(whole: WholeAnswer) -> int | None:
    return whole.size if whole.status == 200 else None


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
