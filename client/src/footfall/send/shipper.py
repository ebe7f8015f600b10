"""What the one background thread does: batch, back off. One step at a time; `worker` runs the steps.

One step sends at most one batch. A batch leaves the spool only when the server acknowledged it. A batch that the
server refuses (400, 413) is narrowed down to one event, and that event is dropped only once the server has taken
another one right after: a server that refuses everything costs nothing.
"""

import os
import random
from collections.abc import Callable

import msgspec

from ..runtime import Counters, Timer, shift
from ..settings import OFF_MARKER
from ..spool import Batch, Spool, lock
from .packer import MOST_AGE_SECONDS, Packed, Packer
from .send_state import Progress, ProgressFile
from .sent_log import Egress
from .wire import Delivered, Outcome, Refused, Retry, request_body

BATCH_EVENTS = 100
FIRST_WAIT_SECONDS = 10.0
MOST_WAIT_SECONDS = 3600.0
WAIT_JITTER_SECONDS = 600.0
SCAN_SECONDS = 60.0
"""How often other processes' leavings are looked for."""
LOGGED_FAILURE = 2
"""Which failure in a row is worth a line in the log: a single one is not an outage."""
WRITE_SECONDS = 1.0
"""How often the totals are written while all goes well."""


class Sender(msgspec.Struct, frozen=True):
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
        clock: Timer,
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
        self._file = ProgressFile(directory, counters)
        self._limit = BATCH_EVENTS
        self._lock_descriptor = -1
        self._sender: Sender | None = None
        self._scanned = self._written = float("-inf")
        self._news = False
        self._last_sent = 0.0

    # One step ------------------------------------------------------------------------------------------------

    def step(self, timeout: float = 10.0) -> float:
        """Send what is due, one batch at most; seconds until another step is worth while (0: at once)."""
        off = self._turned_off()
        self._spool.mute(off)
        if off:
            return SCAN_SECONDS
        self._spool.drain()
        if self._clock.elapsed() - self._scanned >= SCAN_SECONDS:
            self._scanned = self._clock.elapsed()
            self._spool.adopt()
        sender = self._sender
        if sender is None:
            sender = self._sender = self._introduce()
            self._spool.set_facts(instance=sender.instance, kubernetes=sender.kubernetes)
        try:
            if not self._locked():
                return FIRST_WAIT_SECONDS  # another process is sending right now
            return self._step_locked(sender, timeout)
        finally:
            self.unlock()

    def drain(self) -> None:
        """Move what waits in memory to the disk, without sending anything."""
        self._spool.drain()

    def _turned_off(self) -> bool:
        """Whether `footfall off` came since the process began: then nothing more leaves, and nothing is kept."""
        return self._directory is not None and os.path.exists(os.path.join(self._directory, OFF_MARKER))

    def _locked(self) -> bool:
        """Take the lock that lets one process send at a time; True also where locks don't work."""
        if self._directory is None:
            return True
        try:
            path = os.path.join(self._directory, "ship.lock")
            # Known before it is locked: a forked child has to find it.
            self._lock_descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError:
            return True
        return lock(self._lock_descriptor) is not False

    def unlock(self) -> None:
        """Let go of the lock; in a forked child, of the parent's, which stays locked for the parent."""
        descriptor, self._lock_descriptor = self._lock_descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _step_locked(self, sender: Sender, timeout: float) -> float:
        progress = self._file.read()
        now = self._clock.now()
        self._news |= progress.rebase(now)
        wait = max(sender.grace_ends - now, progress.wait(now))
        batch = self._spool.peek(self._limit) if wait <= 0 else None
        if batch is None:
            self._write(progress)
            return wait if wait > 0 else float("inf")
        trouble = progress.failures, progress.last_error
        wait = self._send(batch, progress, sender, timeout)
        # A second's totals may be lost by a kill; what other processes must know at once is written at once.
        often = self._clock.elapsed() - self._written < WRITE_SECONDS
        if wait > 0 or not often or trouble != (progress.failures, progress.last_error):
            self._write(progress)
        return wait

    def _write(self, progress: Progress) -> None:
        """Write the totals, if there is anything new in them."""
        note = self._spool.note
        if self._counters.any or self._news or note != progress.durability:
            progress.durability = note
            progress.last_sent = max(progress.last_sent, self._last_sent)
            self._file.write(progress)
            self._written = self._clock.elapsed()
            self._news = False

    # One batch -----------------------------------------------------------------------------------------------

    def _send(self, batch: Batch, progress: Progress, sender: Sender, timeout: float) -> float:
        packed = self._pack(batch, sender)
        outcome = self._deliver(packed, timeout)
        if isinstance(outcome, Delivered):
            self._acknowledge(batch, packed, progress)
            return 0.0
        if isinstance(outcome, Retry):
            return self._back_off(progress, outcome)
        if len(batch.lines) > 1:
            self._limit = len(batch.lines) // 2
            return 0.0
        return self._isolate(batch, packed, outcome, progress, sender, timeout)

    def _pack(self, batch: Batch, sender: Sender) -> Packed:
        header = batch.header
        return self._packer.pack(
            batch.lines,
            header.facts,
            sender.instance,
            sender.kubernetes,
            oldest=self._clock.now() - MOST_AGE_SECONDS,
            shift=shift(self._clock, header.boot, header.zero),
        )

    def _deliver(self, packed: Packed, timeout: float) -> Outcome:
        if not packed.events:
            return Delivered()  # nothing in it is worth a request
        now = self._clock.now()
        outcome = self._post(request_body(self._key, packed.events, now), timeout)
        if isinstance(outcome, Delivered):
            self._counters.deliver(len(packed.events))
            self._egress.append(packed.events, now)
            self._last_sent = now
        return outcome

    def _acknowledge(self, batch: Batch, packed: Packed, progress: Progress) -> None:
        self._spool.commit(batch)
        # Counted only now: a batch that is kept is packed again, and would be counted again.
        for reason, count in packed.dropped.items():
            self._counters.drop(reason, count)
        self._limit = min(BATCH_EVENTS, self._limit * 2)
        self._news = True
        progress.failures, progress.next_try, progress.last_error = 0, 0.0, ""

    def _isolate(
        self, batch: Batch, packed: Packed, refused: Refused, progress: Progress, sender: Sender, timeout: float
    ) -> float:
        """One event alone was refused: is it the event or the server? Another event tells."""
        others = self._spool.beyond(batch, BATCH_EVENTS)
        if others is not None:
            # A different one each time, so that two bad neighbours can't block the spool for ever.
            line = others.lines[progress.failures % len(others.lines)]
            witness = self._pack(msgspec.structs.replace(others, lines=[line]), sender)
            if witness.events and isinstance(self._deliver(witness, timeout), Delivered):
                packed.dropped["refused"] += 1
                self._acknowledge(batch, packed, progress)
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
        progress.tried = self._clock.now()
        progress.next_try = progress.tried + wait
        self._news = True
        if progress.failures == LOGGED_FAILURE:
            self._log(f"telemetry can't be delivered ({retry.reason}); it waits and tries again less and less often")
        return wait
