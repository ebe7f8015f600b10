"""Decodes large bodies in the worker, one at a time, the peers in turn."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import msgspec

from ..asgi import Answer, Scope
from ..limits import Limits
from ..refusals import RefusedError, too_large
from .frames import Counted, Job, Opened, Refused, pack, unpack_answered, unpack_outcome, unpack_slice
from .peer_lock import PeerLock
from .worker_process import JOB_CPU_SECONDS, WorkerEndedError, WorkerProcess

_IDLE_SECONDS = 30.0
_Result = TypeVar("_Result")


class LargeBatch:
    """One large body, while the worker holds it: `count`, then `slices`, then `answer`.

    Attributes:
        cpu_seconds: the worker's processor time for it so far.
        size: the number of events; known after `count`, as is `sent_at`, the sender's time.
    """

    def __init__(self, decoder: "LargeBodyDecoder", opened: Opened) -> None:
        self._decoder = decoder
        self.token, self.cpu_seconds = opened.token, opened.cpu_seconds
        self.size = 0
        self.sent_at: float | None = None
        # What ends the conversation: None in the middle of a message, empty at its end.
        self._farewell: bytes | None = pack(False)

    async def count(self) -> None:
        """Raises RefusedError for a body that is no batch."""
        self._farewell = None
        outcome = unpack_outcome(await self._ask(True))
        self.cpu_seconds = outcome.cpu_seconds
        if isinstance(outcome, Counted):
            self.size, self.sent_at, self._farewell = outcome.size, outcome.sent_at, pack(False)
        elif isinstance(outcome, Refused):
            self._farewell = b""
            raise _refusal(outcome)

    async def slices(self) -> AsyncIterator[list[msgspec.Raw]]:
        """The events, a few milliseconds' work at a time; others use the event loop between two slices."""
        self._farewell = None
        part = await self._ask(True)
        while events := unpack_slice(part):
            yield [msgspec.Raw(event) for event in events]
            part = await self._decoder.run(self._decoder.process.receive)
        self._farewell = pack(None)

    async def answer(self, reasons: list[str | None]) -> Answer:
        """After all slices: the answer, by the reason of each event."""
        self._farewell = None
        answered = unpack_answered(await self._ask(reasons))
        self.cpu_seconds, self._farewell = answered.cpu_seconds, b""
        return Answer(answered.status, answered.body, answered.content_type)

    async def _ask(self, message: object) -> bytes:
        process = self._decoder.process

        def ask() -> bytes:
            process.send(pack(message))
            return process.receive()

        return await self._decoder.run(ask)

    def leave(self) -> None:
        """End the conversation with the worker, wherever it stands. Called on the worker's thread."""
        process = self._decoder.process
        if self._farewell is None:
            process.close()
        elif self._farewell:
            with suppress(WorkerEndedError):
                process.send(self._farewell)


def _refusal(refused: Refused) -> RefusedError:
    return RefusedError(refused.status, refused.reason, refused.sentence, refused.retry_after)


class LargeBodyDecoder:
    """The worker, for whoever has a large body. `close` ends it; afterwards it can't be used."""

    def __init__(self, limits: Limits, job_seconds: float = JOB_CPU_SECONDS) -> None:
        self.process = WorkerProcess(limits, job_seconds)
        self._lock = PeerLock()
        self._thread = ThreadPoolExecutor(1, "large-bodies")
        self._idle: asyncio.TimerHandle | None = None

    async def run(self, work: Callable[[], _Result]) -> _Result:
        """Call on the worker's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    @asynccontextmanager
    async def opened(
        self, scope: Scope, body: bytes, peer: str, check: Callable[[], None], charge: Callable[[float], None]
    ) -> AsyncIterator[LargeBatch]:
        """Wait for the worker and decode a body. When it is this body's turn, `check` is called; it may refuse.

        `charge` gets the processor time of a body that the worker refuses. Raises RefusedError: what `check` raises,
        what decoding raises, and 413 for a body that takes too much processor time or memory.
        """
        async with self._lock.held(peer):
            check()
            if self._idle is not None:
                self._idle.cancel()
            batch = None
            try:
                outcome = unpack_outcome(await self.run(lambda: self._open(scope, body)))
                if isinstance(outcome, Refused):
                    charge(outcome.cpu_seconds)
                    raise _refusal(outcome)
                assert isinstance(outcome, Opened)
                batch = LargeBatch(self, outcome)
                yield batch
            except WorkerEndedError as ended:
                if not ended.too_slow:
                    raise RefusedError(503, "busy", "The collector is busy; try again in a moment.", 2) from None
                charge(JOB_CPU_SECONDS)
                sentence = "The body takes too much work to decode; send fewer events."
                raise too_large(sentence, "too_much_work") from None
            finally:
                if batch is not None:
                    self._thread.submit(batch.leave)
                self._idle = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._end_idle)

    def _open(self, scope: Scope, body: bytes) -> bytes:
        headers = [(bytes(name), bytes(value)) for name, value in scope["headers"]]
        job = Job(scope["method"], scope["path"], scope["query_string"], headers)
        self.process.begin(pack(job), body)
        return self.process.receive()

    def _end_idle(self) -> None:
        self._thread.submit(self.process.close)

    def close(self) -> None:
        """End the worker. Call it after the event loop has ended."""
        self._thread.submit(self.process.close)
        self._thread.shutdown()
