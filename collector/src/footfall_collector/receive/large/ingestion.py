"""The stages of a large body: as in `pipeline`, with the event loop free between two slices of its events."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

import msgspec

from ...admit import Admitted
from ..asgi import PLAIN, Answer, Scope
from ..limits import Limits, Reservation
from ..refusals import RefusedError
from .decoder import LargeBatch, LargeBodyDecoder

_log = logging.getLogger(__name__)
_FAILED = Answer(500, b"The collector failed at this request; see its log.\n", PLAIN)
BEYOND_DIRECT = frozenset({"decoded_too_large", "batch_too_large"})
"""The reasons by which decoding under `direct_limits` refuses what may be a large body."""
_DIRECT_BYTES = 256 << 10
_DIRECT_EVENTS = 500


def direct_limits(limits: Limits) -> Limits:
    """The limits of a body that is decoded on the event loop: within them it takes a few milliseconds at most."""
    return replace(
        limits,
        decoded_bytes=min(limits.decoded_bytes, _DIRECT_BYTES),
        batch_events=min(limits.batch_events, _DIRECT_EVENTS),
    )


@dataclass(frozen=True)
class LargeRequest:
    """A request whose body is large. `peer` is empty where no limits apply to it."""

    scope: Scope
    body: bytes
    peer: str
    memory: Reservation
    respond: Callable[[Answer], None]


@dataclass(frozen=True)
class LargeKey:
    """The write key of a large body. `is_first`: no key is known yet, and this one is added with its first event."""

    token: str
    product: str
    is_first: bool


class EventSlice(NamedTuple):
    """Some of a request's events; `received` and `sent_at` are in epoch seconds.

    `members` is `Admitted.members` of the request's earlier events.
    """

    events: Sequence[msgspec.Raw]
    received: float
    sent_at: float | None
    members: int = 0


class Charge(Protocol):
    def __call__(self, peer: str, cpu_seconds: float, size: int, *, keyed: bool) -> None: ...


@dataclass(frozen=True)
class Stages:
    """The pipeline's stages. Each one but `charge` and `refuse` raises RefusedError.

    Attributes:
        check_budget: whether the peer may cause work now.
        find_key: a write key with its product.
        check_first_key: the first events under a key that is to be added.
        check_events: room on the disk, and the peer's events, by key, product and number.
        admit: a slice of a product's events.
        commit: append to the journal and answer.
        charge: processor time and bytes, and whether the key is valid.
    """

    check_budget: Callable[[Scope, bytes], object]
    find_key: Callable[[Scope, str], LargeKey]
    check_first_key: Callable[[Sequence[msgspec.Raw]], None]
    check_events: Callable[[Scope, str, str, int], None]
    admit: Callable[[Scope, str, EventSlice], Admitted]
    commit: Callable[[LargeRequest, LargeKey, Admitted, Answer], None]
    charge: Charge
    refuse: Callable[[Scope, RefusedError], Answer]


@dataclass
class _Progress:
    """What a request has cost so far, and whose it is."""

    keyed: bool = False
    cpu_seconds: float = 0.0


class LargeIngestion:
    """Takes large bodies, each in a task of its own. Used on the event loop; `close` after its end."""

    def __init__(self, limits: Limits, stages: Stages, clock: Callable[[], float]) -> None:
        self._decoder, self._stages, self._clock = LargeBodyDecoder(limits), stages, clock
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, request: LargeRequest) -> None:
        """Answer a request some time later; its memory stays reserved until then."""
        task = asyncio.get_running_loop().create_task(self._ingest(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        self._decoder.close()

    async def _ingest(self, request: LargeRequest) -> None:
        progress = _Progress()
        try:
            await self._run_stages(request, progress)
        except RefusedError as refused:
            request.memory.release()
            request.respond(self._stages.refuse(request.scope, refused))
        except asyncio.CancelledError:
            request.memory.release()
            raise
        except Exception as error:  # noqa: BLE001 -- the boundary of a server: 500, and the class in the log
            _log.error("a large request could not be answered (%s)", type(error).__name__)
            request.memory.release()
            request.respond(_FAILED)
        finally:
            if request.peer and (progress.cpu_seconds or progress.keyed):
                self._stages.charge(request.peer, progress.cpu_seconds, 0, keyed=progress.keyed)

    async def _run_stages(self, request: LargeRequest, progress: _Progress) -> None:
        stages, scope = self._stages, request.scope

        def check() -> None:
            if request.peer:
                stages.check_budget(scope, request.body)

        def charge(cpu_seconds: float) -> None:
            progress.cpu_seconds += cpu_seconds

        async with self._decoder.opened(scope, request.body, request.peer, check, charge) as batch:
            try:
                key = stages.find_key(scope, batch.token)
                progress.keyed = not key.is_first
                await batch.count()
                stages.check_events(scope, key.token, key.product, batch.size)
                admitted = await self._admit(request, batch, key, progress)
                answer = await batch.answer(admitted.reasons)
            finally:
                charge(batch.cpu_seconds)
        stages.commit(request, key, admitted, answer)

    async def _admit(self, request: LargeRequest, batch: LargeBatch, key: LargeKey, progress: _Progress) -> Admitted:
        merged, received, size = _Merged(), self._clock(), len(request.body)
        async for events in batch.slices():
            began = time.thread_time()
            if key.is_first and not merged.reasons:
                self._stages.check_first_key(events)
            part = EventSlice(events, received, batch.sent_at, merged.members)
            admitted = self._stages.admit(request.scope, key.product, part)
            merged.add(admitted)
            size += len(admitted.lines)
            request.memory.resize(size)
            progress.cpu_seconds += time.thread_time() - began
        return merged.admitted()


@dataclass
class _Merged:
    """The results of a batch's slices."""

    lines: list[bytes] = field(default_factory=list)
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    reasons: list[str | None] = field(default_factory=list)
    misfits: Counter[tuple[str, str]] = field(default_factory=Counter)
    members: int = 0

    def add(self, part: Admitted) -> None:
        self.lines.append(part.lines)
        self.accepted += part.accepted
        self.refused.update(part.refused)
        self.dropped.update(part.dropped)
        self.reasons += part.reasons
        self.misfits.update(part.misfits)
        self.members = part.members

    def admitted(self) -> Admitted:
        misfits: Mapping[tuple[str, str], int] = self.misfits
        result = Admitted(b"".join(self.lines), self.accepted, reasons=self.reasons, misfits=misfits)
        result.refused.update(self.refused)
        result.dropped.update(self.dropped)
        return result
