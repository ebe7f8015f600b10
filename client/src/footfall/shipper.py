"""What the one background thread does: batch, back off. One step at a time; `worker` runs the steps.

One step sends at most one batch. A batch leaves the spool only when the server acknowledged it. A batch that the
server refuses (400, 413) is narrowed down to one event, and that event is dropped only once the server has taken
another one right after: a server that refuses everything costs nothing.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from .counters import Counters
from .egress import Egress
from .packing import MOST_AGE_SECONDS, Packer
from .product import OFF_MARKER
from .segment import lock
from .spool import Batch, Spool
from .state import Progress
from .wire import Delivered, Outcome, Refused, Retry, request_body

BATCH_EVENTS = 100
FIRST_WAIT_SECONDS = 10.0
MOST_WAIT_SECONDS = 3600.0
WAIT_JITTER_SECONDS = 600.0
SCAN_SECONDS = 60.0
"""How often other processes' leavings are looked for."""


class _Clock(Protocol):
    def now(self) -> float: ...
    def elapsed(self) -> float: ...


@dataclass(frozen=True)
class Sender:
    """Who sends: the instance, the Kubernetes version where known, and when the grace ends (epoch seconds)."""

    instance: str
    kubernetes: str | None
    grace_ends: float


class Shipper:
    """Sends what the spool holds.

    Args:
        spool: what waits.
        packer: makes wire events of lines.
        post: sends a body once and says what became of it, within so many seconds.
        introduce: asked once, on this thread: finds out who sends. May take two seconds.
        directory: the state directory, for the totals and the back-off that all processes share; None without one.
        key: the product's public write key.
    """

    def __init__(
        self,
        spool: Spool,
        packer: Packer,
        post: Callable[[bytes, float], Outcome],
        introduce: Callable[[], Sender],
        counters: Counters,
        clock: _Clock,
        *,
        directory: str | None,
        key: str,
        log: Callable[[str], None],
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._spool = spool
        self._packer = packer
        self._post = post
        self._introduce = introduce
        self._counters = counters
        self._clock = clock
        self._directory = directory
        self._key = key
        self._log = log
        self._jitter = jitter
        self._egress = Egress(directory)
        self._limit = BATCH_EVENTS
        self._sender: Sender | None = None
        self._outage = False
        self._scanned = float("-inf")
        self.memory_progress = Progress.read(directory)

    # One step ------------------------------------------------------------------------------------------------

    def step(self, timeout: float = 10.0) -> float:
        """Send what is due, one batch at most; seconds until another step is worth while (0: at once)."""
        self._spool.drain()
        if self._turned_off():
            self._spool.discard()
            return SCAN_SECONDS
        sender = self._sender
        if sender is None:
            sender = self._sender = self._introduce()
            self._spool.set_facts(instance=sender.instance, kubernetes=sender.kubernetes)
        if self._clock.elapsed() - self._scanned >= SCAN_SECONDS:
            self._scanned = self._clock.elapsed()
            self._spool.adopt()
        if not self._key:
            return SCAN_SECONDS
        descriptor = self._ship_lock()
        if descriptor is None:
            return FIRST_WAIT_SECONDS  # another process is sending right now
        try:
            return self._step_locked(sender, timeout)
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def _turned_off(self) -> bool:
        """Whether `footfall off` came since the process began: then nothing more leaves, and nothing is kept."""
        return self._directory is not None and os.path.exists(os.path.join(self._directory, OFF_MARKER))

    def _ship_lock(self) -> int | None:
        """The lock that lets one process send at a time: a descriptor, -1 where locks don't work, None if taken."""
        if self._directory is None:
            return -1
        try:
            descriptor = os.open(os.path.join(self._directory, "ship.lock"), os.O_CREAT | os.O_RDWR, 0o600)
        except OSError:
            return -1
        if lock(descriptor) is not False:
            return descriptor
        os.close(descriptor)
        return None

    def _step_locked(self, sender: Sender, timeout: float) -> float:
        progress = Progress.read(self._directory) if self._directory else self.memory_progress
        now = self._clock.now()
        wait = max(sender.grace_ends, progress.next_try) - now
        # A next try beyond what this code ever sets comes from a clock that was moved back since.
        if 0 < wait <= MOST_WAIT_SECONDS + WAIT_JITTER_SECONDS + 86_400:
            self._write(progress, always=False)
            return wait
        batch = self._spool.peek(self._limit)
        if batch is None:
            self._write(progress, always=False)
            return float("inf")
        outcome = self._send(batch, sender, timeout)
        wait = self._settle(batch, outcome, progress, sender, timeout)
        self._write(progress, always=True)
        return wait

    def _write(self, progress: Progress, *, always: bool) -> None:
        sent, dropped = self._counters.take()
        progress.add(sent, dropped)
        self.memory_progress = progress
        if always or sent or dropped:
            progress.write(self._directory)

    def _send(self, batch: Batch, sender: Sender, timeout: float) -> Outcome:
        now = self._clock.now()
        events = self._events(batch, sender, now)
        if not events:
            return Delivered()  # nothing in it was worth a request: expired or unreadable, and counted
        outcome = self._post(request_body(self._key, events, now), timeout)
        if isinstance(outcome, Delivered):
            self._counters.deliver(len(events))
            self._egress.append(events, now)
        return outcome

    def _events(self, batch: Batch, sender: Sender, now: float) -> list[dict[str, Any]]:
        instance = batch.facts.get("instance")
        instance = instance if type(instance) is str and instance else sender.instance
        kubernetes = batch.facts.get("kubernetes") or sender.kubernetes
        oldest = now - MOST_AGE_SECONDS
        packed = (self._packer.pack(line, batch.facts, instance, kubernetes, oldest) for line in batch.lines)
        return [event for event in packed if event is not None]

    # What becomes of a batch ---------------------------------------------------------------------------------

    def _settle(self, batch: Batch, outcome: Outcome, progress: Progress, sender: Sender, timeout: float) -> float:
        if isinstance(outcome, Delivered):
            self._acknowledge(batch, progress)
            return 0.0
        if isinstance(outcome, Retry):
            return self._back_off(progress, outcome)
        if len(batch.lines) > 1:
            self._limit = len(batch.lines) // 2
            return 0.0
        return self._isolate(batch, outcome, progress, sender, timeout)

    def _acknowledge(self, batch: Batch, progress: Progress) -> None:
        self._spool.commit(batch)
        self._limit = min(BATCH_EVENTS, self._limit * 2)
        if self._outage:
            self._outage = False
            self._log("telemetry is delivered again")
        progress.failures, progress.next_try, progress.last_error = 0, 0.0, ""
        progress.last_sent = self._clock.now()

    def _isolate(self, batch: Batch, refused: Refused, progress: Progress, sender: Sender, timeout: float) -> float:
        """One event alone was refused: is it the event or the server? Another event tells."""
        window = self._spool.peek(BATCH_EVENTS)
        others = window.lines[1:] if window else []
        if others:
            # A different one each time, so that two bad neighbours can't block the spool for ever.
            other = others[progress.failures % len(others)]
            witness = Batch(batch.segment, [other], batch.end, batch.facts)
            if isinstance(self._send(witness, sender, timeout), Delivered):
                self._counters.drop("refused")
                self._acknowledge(batch, progress)
                return 0.0
        return self._back_off(progress, Retry(f"HTTP status {refused.status} for every event"))

    def _back_off(self, progress: Progress, retry: Retry) -> float:
        ceiling = FIRST_WAIT_SECONDS * 2.0 ** min(progress.failures, 16)
        if ceiling < MOST_WAIT_SECONDS:
            wait = self._jitter(min(1.0, ceiling), ceiling)
        else:
            wait = MOST_WAIT_SECONDS + self._jitter(0.0, WAIT_JITTER_SECONDS)
        wait = max(wait, retry.after)
        progress.failures += 1
        progress.last_error = retry.reason
        progress.next_try = self._clock.now() + wait
        if not self._outage:
            self._outage = True
            self._log(f"telemetry can't be delivered ({retry.reason}); it waits and tries again less and less often")
        return wait
