"""Delivers one batch at a time: `ship_once` is the list of steps, and `worker` calls it again and again.

A batch leaves the spool only when the server acknowledged it. A batch that the server refuses (400, 413) is halved
until one event is left, and that event is dropped only after the server has accepted another one: a server that
refuses everything causes no loss.
"""

import os
from collections.abc import Callable

import msgspec

from ..runtime import Clock, Counters, clock_shift
from ..settings import OFF_MARKER
from ..spool import Batch, Spool
from .back_off import FIRST_BACK_OFF_SECONDS, OWN_RANDOM, back_off_seconds
from .instance_facts import InstanceFacts
from .packer import MAX_EVENT_AGE_SECONDS, PackedBatch, Packer
from .send_state import SendState, SendStateFile, destination_id
from .sending_lock import SendingLock
from .sent_log import SentLog
from .wire import Delivered, Outcome, Retry, request_body

DUE_EVENTS = 250
"""As soon as so many events wait, they are sent."""
BATCH_EVENTS = 500
"""What one request holds at most, where more wait. A collector decodes a larger one in a process of its own."""
SCAN_SECONDS = 60.0
"""How often abandoned segments of other processes are looked for."""
LOGGED_FAILURE = 2
"""The failure in a row that is logged: a single one is not an outage."""
SAVE_SECONDS = 1.0
"""How often the totals are written while nothing fails."""


class Shipper:
    """Delivers the lines of a spool.

    Args:
        spool, packer: hold the lines that wait, and make events of them.
        post: sends a body once and returns the meaning of the answer; its second argument is a timeout in seconds.
        identify: determines the instance; called once, on this thread. May take two seconds.
        directory: the state directory, for the totals and the back-off that all processes share; None without one.
        host, key: the server's address and the product's public write key: the destination that a back-off belongs to.
        log: writes one sentence to the log.
    """

    def __init__(
        self,
        spool: Spool,
        packer: Packer,
        post: Callable[[bytes, float], Outcome],
        identify: Callable[[], InstanceFacts],
        counters: Counters,
        clock: Clock,
        *,
        directory: str | None,
        host: str,
        key: str,
        log: Callable[[str], None],
        jitter: Callable[[float, float], float] = OWN_RANDOM.uniform,
    ) -> None:
        self._spool = spool
        self._packer = packer
        self._post = post
        self._identify = identify
        self._counters = counters
        self._clock = clock
        self._directory = directory
        self._key, self._log, self._jitter = key, log, jitter
        self._sent_log = SentLog(directory)
        self._state_file = SendStateFile(directory, destination_id(host, key), counters)
        self._sending_lock = SendingLock(directory)
        self._limit = BATCH_EVENTS
        self._instance: InstanceFacts | None = None
        self._state: SendState | None = None
        self.others_send = False  # at the last call another process was sending
        self._exiting = False
        self._last_scan = self._last_save = float("-inf")
        self._unsaved = False
        self._last_sent = 0.0

    # The steps -----------------------------------------------------------------------------------------------

    def ship_once(self, timeout: float = 10.0) -> float:
        """Ship at most one batch; seconds until another call is worth while: 0 at once, inf where nothing waits.

        Until nothing waits, the sending lock and the state are kept from call to call, for a second at most.
        """
        wait = FIRST_BACK_OFF_SECONDS
        try:
            wait = self._ship_once(timeout)
        finally:
            if wait > 0 or self._state is None:
                self._let_others_send()
        return wait

    def _ship_once(self, timeout: float) -> float:
        self.others_send = False
        if self._discard_if_off():
            return SCAN_SECONDS
        self._spool.drain(restore=self._state is None)
        self._adopt_abandoned_segments()
        instance = self._identify_once()
        self.others_send = not self._sending_lock.acquire()
        if self.others_send:
            return FIRST_BACK_OFF_SECONDS
        return self._ship_batch(instance, timeout)

    def _ship_batch(self, instance: InstanceFacts, timeout: float) -> float:
        state = self._read_state()
        wait = self._seconds_to_wait(state, instance)
        batch = self._spool.peek(self._limit) if wait <= 0 else None
        if batch is None:
            self._save_state(state)
            return wait if wait > 0 else float("inf")
        failures = state.failures, state.last_error
        packed = self._check_and_pack(batch, instance)
        outcome = self._deliver(packed, timeout)
        wait = self._settle(outcome, batch, packed, state, instance, timeout)
        # A kill may lose the totals of a second. A failure is written at once: other processes must know of it.
        if wait > 0 or self._is_save_due or failures != (state.failures, state.last_error):
            self._save_state(state)
        return wait

    def let_few_wait(self) -> bool:
        """Let other processes send while few events wait for more of this process; False where many or none wait."""
        few = self._spool.has_few(DUE_EVENTS)
        if few:
            if self._state is not None and self._is_save_due:
                self._save_state(self._state)
            self._let_others_send()
        return few

    # Before a batch ------------------------------------------------------------------------------------------

    def _discard_if_off(self) -> bool:
        """Whether `footfall off` was called since the process began: then no event is sent or kept any more."""
        off = self._directory is not None and os.path.exists(os.path.join(self._directory, OFF_MARKER))
        self._spool.discard(off)
        return off

    def drain(self) -> None:
        """Move lines from memory to the disk, without sending any."""
        self._spool.drain()

    def adopt_soon(self) -> None:
        """The spool was closed: the segments that it left are adopted at the next call."""
        self._last_scan = float("-inf")

    def note_own_error(self, reason: str) -> None:
        """Make an error of Footfall's own the last error, for `footfall status`. On this thread, after `ship_once`."""
        self._unsaved = True
        self.save_counts(reason)

    def save_counts(self, error: str = "") -> None:
        """Write the counts of this process, and an error. On the shipper's thread, or after it has ended."""
        try:
            if self._sending_lock.acquire():
                state = self._read_state()
                state.last_error = error or state.last_error
                self._save_state(state)
        finally:
            self._let_others_send()

    def _adopt_abandoned_segments(self) -> None:
        if self._clock.elapsed() - self._last_scan >= SCAN_SECONDS:
            self._last_scan = self._clock.elapsed()
            self._spool.adopt()

    def _identify_once(self) -> InstanceFacts:
        instance = self._instance
        if instance is None:
            instance = self._instance = self._identify()
            self._spool.set_facts(instance=instance.instance_id, kubernetes=instance.kubernetes)
        return instance

    def after_fork(self) -> None:
        """In a forked child: let go of the parent's sending lock, which stays locked for the parent."""
        self._let_others_send()

    # The state that processes share --------------------------------------------------------------------------

    def _read_state(self) -> SendState:
        state = self._state = self._state or self._state_file.read()
        self._unsaved |= state.follow_clock(self._clock.now())
        return state

    def _let_others_send(self) -> None:
        self._state = None
        self._sending_lock.release()

    def _seconds_to_wait(self, state: SendState, instance: InstanceFacts) -> float:
        """Until the grace and the back-off are over."""
        now = self._clock.now()
        # What a process holds back until its end is never sent where nothing outlives it. The notice says so.
        grace_ends = 0.0 if self._exiting and instance.ends_with_process else instance.grace_ends
        return max(grace_ends - now, state.seconds_to_wait(now))

    def end_grace(self, exiting: bool = True) -> None:
        """The process ends: where nothing outlives it, its events are sent now, although the grace is not over.

        False where it has not ended after all.
        """
        self._exiting = exiting

    @property
    def _is_save_due(self) -> bool:
        return self._clock.elapsed() - self._last_save >= SAVE_SECONDS

    def _save_state(self, state: SendState) -> None:
        """Write the state, if it has changed."""
        note = self._spool.note
        if self._counters.pending or self._unsaved or note != state.durability:
            state.durability = note
            state.last_sent = max(state.last_sent, self._last_sent)
            self._state_file.write(state)
            self._state, self._unsaved = None, False
            self._last_save = self._clock.elapsed()

    # One batch -----------------------------------------------------------------------------------------------

    def _check_and_pack(self, batch: Batch, instance: InstanceFacts) -> PackedBatch:
        header = batch.header
        return self._packer.pack(
            batch.lines,
            header.facts,
            instance.instance_id,
            instance.kubernetes,
            oldest=self._clock.now() - MAX_EVENT_AGE_SECONDS,
            clock_shift=clock_shift(self._clock, header.boot_id, header.boot_time),
            tools=batch.tools,
        )

    def _deliver(self, packed: PackedBatch, timeout: float) -> Outcome:
        """Post a batch and get the meaning of the answer; count and log the events if they were delivered."""
        if not packed.events:
            return Delivered()  # every line was left out: there is nothing to send
        sent_at = self._clock.now()
        outcome = self._post(request_body(self._key, packed.events, sent_at), timeout)
        if isinstance(outcome, Delivered):
            self._counters.add_sent(len(packed.events))
            self._sent_log.append(packed.events, sent_at)
            self._last_sent = sent_at
        return outcome

    def _settle(
        self,
        outcome: Outcome,
        batch: Batch,
        packed: PackedBatch,
        state: SendState,
        instance: InstanceFacts,
        timeout: float,
    ) -> float:
        """Acknowledge a delivered batch, back off, or halve a refused one; seconds to wait."""
        if isinstance(outcome, Delivered):
            self._acknowledge(batch, packed, state)
            return 0.0
        if isinstance(outcome, Retry):
            return self._back_off(state, outcome)
        if len(batch.lines) > 1:
            self._limit = len(batch.lines) // 2
            return 0.0
        if self._another_event_is_accepted(batch, state, instance, timeout):
            packed.dropped["refused"] += 1
            self._acknowledge(batch, packed, state)
            return 0.0
        return self._back_off(state, Retry(f"HTTP status {outcome.status} for every event"))

    def _acknowledge(self, batch: Batch, packed: PackedBatch, state: SendState) -> None:
        self._spool.acknowledge(batch)
        # Counted only now: a batch that is kept is packed again, and would be counted again.
        for reason, count in packed.dropped.items():
            self._counters.drop(reason, count)
        self._limit = min(BATCH_EVENTS, self._limit * 2)
        self._unsaved = True
        state.failures, state.next_try, state.last_error = 0, 0.0, ""

    def _another_event_is_accepted(
        self, refused: Batch, state: SendState, instance: InstanceFacts, timeout: float
    ) -> bool:
        """Whether the server accepts another event than the refused one. If so, the refused event is at fault."""
        later = self._spool.peek_after(refused, DUE_EVENTS)
        if later is None:
            return False
        # A different one each time, so that two bad neighbours can't block the spool forever.
        line = later.lines[state.failures % len(later.lines)]
        other = self._check_and_pack(msgspec.structs.replace(later, lines=[line]), instance)
        return bool(other.events) and isinstance(self._deliver(other, timeout), Delivered)

    def _back_off(self, state: SendState, retry: Retry) -> float:
        wait = max(back_off_seconds(state.failures, self._jitter), retry.after)
        state.failures, state.last_error = state.failures + 1, retry.reason
        state.tried = self._clock.now()
        state.next_try = state.tried + wait
        self._unsaved = True
        if state.failures == LOGGED_FAILURE:
            self._log(f"telemetry can't be delivered ({retry.reason}); it waits and tries again less and less often")
        return wait
