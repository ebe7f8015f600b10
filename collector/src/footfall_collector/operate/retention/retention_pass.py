"""The retention pass: removes months that are too old into the trash, and deletes what was there long enough.

A pass does not remove anything while the clock is doubtful, nor if it would remove every month, nor if it would remove
more than one month that no earlier pass came to. It then waits for an operator, who sees what would go and confirms it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...runtime import Settings, Status, quantity
from ...store import DAY_SECONDS, Store, StoreError, TrashedMonth, month_bounds, month_name
from .trusted_time import TOLERANCE_SECONDS, TrustedTime, clock_text

_log = logging.getLogger(__name__)

CONFIRM = "`footfall-collector retain` shows what would go, and with --confirm goes on"


@dataclass(frozen=True)
class RetentionResult:
    """What a pass did, or would do.

    Attributes:
        doubts: why it waits for an operator, as clauses; empty if it may go on.
        due: month to events, of months that are too old.
        future: month to events, of months that have not begun: a wrong clock stamped their events.
        expired: months in the trash that were there long enough.
        done: whether the months were removed and the trash was emptied.
        moved_at: when the months went to the trash, epoch seconds; None if they were deleted for good.
    """

    doubts: tuple[str, ...] = ()
    due: dict[str, int] = field(default_factory=dict)
    future: dict[str, int] = field(default_factory=dict)
    expired: tuple[TrashedMonth, ...] = ()
    done: bool = False
    moved_at: int | None = None


class Retention:
    """The retention of one store. The methods are called on the loader's thread, `waiting` on any."""

    def __init__(self, store: Store, settings: Settings, time: TrustedTime, status: Status) -> None:
        self._store, self._settings, self.time = store, settings, time
        self._waiting: tuple[str, ...] = ()
        status.add_gauge("retention_waiting", self.waiting)
        status.add_gauge("trusted_timestamp_seconds", time.now)

    def waiting(self) -> float:
        """1 while the clock is doubtful or the latest pass waits for an operator, else 0."""
        return float(bool(self.time.doubt()) or bool(self._waiting))

    def run_hourly(self) -> None:
        """The pass of every hour. Raises StoreError, OSError."""
        self.time.keep()
        self.run()

    def run(self, days: int | None = None, *, confirmed: bool = False, dry: bool = False) -> RetentionResult:
        """One pass, with another number of days than the settings' if given. `dry`: only tell what would be done."""
        planned = self._plan(days)
        if dry:
            return planned
        if confirmed:
            self._confirm_clock()
            planned = self._plan(days)
        clock_doubted = bool(self.time.doubt()) and not confirmed
        if not clock_doubted:
            self._empty_trash(planned.expired)
        if planned.due and planned.doubts and not confirmed:
            self._wait(planned)
            return planned
        self._waiting = ()
        if clock_doubted:
            return planned
        moved_at = self._remove(planned.due) if planned.due else None
        self._store.months.delete_damaged(self.cutoff(days))
        return replace(planned, done=True, moved_at=moved_at)

    def _confirm_clock(self) -> None:
        """Believe the clock. How long months have been in the trash is not known then, so their days begin again."""
        doubted = bool(self.time.doubt())
        self.time.confirm()
        entries = self._store.months.trash() if doubted else []
        if entries:
            self._store.months.restamp_trash(entries, int(self.time.wall()))

    def cutoff(self, days: int | None = None, at: float | None = None) -> int:
        """Epoch seconds of the first moment that stays in the store at a time, by default the trusted one."""
        settings, moment = self._settings, int(self.time.now() if at is None else at)
        stays = settings.days_in_store if days is None else days - min(settings.trash_days, days // 2)
        return moment // DAY_SECONDS * DAY_SECONDS - stays * DAY_SECONDS

    def restore(self, month: str) -> int:
        """Put a month back from the trash; its events' number. Raises StoreError, also where it would go again."""
        if month_bounds(month)[1] <= self.cutoff():
            raise StoreError(
                f"{month} is older than retention_days ({self._settings.retention_days}) allows, so the next pass "
                "would remove it again: raise retention_days, restart the collector, then restore it"
            )
        if month not in {entry.month for entry in self._store.months.trash()}:
            raise StoreError(f"{month} is not in the trash; `footfall-collector retain --dry-run` lists what is there")
        events = self._store.months.restore(month)
        self.time.note_removed(min(self.time.newest_removed, month_name(month_bounds(month)[0] - 1)))
        _log.info("retention: %s (%s) restored from the trash", month, quantity(events, "event"))
        return events

    def trash(self) -> list[TrashedMonth]:
        """The months in the trash."""
        return self._store.months.trash()

    def expires_at(self, entry: TrashedMonth) -> int:
        """When a month of the trash is deleted for good, epoch seconds."""
        return entry.removed_at + self._settings.days_in_trash * DAY_SECONDS

    def _plan(self, days: int | None) -> RetentionResult:
        # By the clock itself, so that a doubtful one shows what it would do.
        wall = self.time.wall()
        cutoff = self.cutoff(days, wall)
        counts = self._store.months.counts()
        due = {month: events for month, events in counts.items() if month_bounds(month)[1] <= cutoff}
        future = {month: events for month, events in counts.items() if month_bounds(month)[0] > self.time.now()}
        new = [month for month in due if month > self.time.newest_removed]
        doubts = [doubt] if (doubt := self.time.doubt()) else []
        if due and counts.keys() - future.keys() <= due.keys():
            doubts.append("it would remove every month")
        if len(new) > 1:
            doubts.append(f"it would remove {len(new)} months, and a pass normally removes one")
        expired = [entry for entry in self._store.months.trash() if self.expires_at(entry) <= wall]
        return RetentionResult(tuple(doubts), due, future, tuple(expired))

    def _wait(self, planned: RetentionResult) -> None:
        if planned.doubts != self._waiting:
            months = ", ".join(planned.due)
            _log.warning("retention: %s not removed, because %s. %s", months, " and ".join(planned.doubts), CONFIRM)
        self._waiting = planned.doubts

    def _remove(self, due: dict[str, int]) -> int | None:
        moved_at = int(self.time.wall()) if self._settings.days_in_trash else None
        self._store.months.remove(tuple(due), moved_at)
        self.time.note_removed(max(self.time.newest_removed, *due))
        for month, events in due.items():
            if moved_at is None:
                _log.info("retention: %s (%s) deleted", month, quantity(events, "event"))
            else:
                until = clock_text(self.expires_at(TrashedMonth(month, moved_at)))
                _log.info("retention: %s (%s) moved to the trash until %s", month, quantity(events, "event"), until)
        return moved_at

    def _empty_trash(self, expired: Sequence[TrashedMonth]) -> None:
        wall = int(self.time.wall())
        ahead = [entry for entry in self._store.months.trash() if entry.removed_at > wall + TOLERANCE_SECONDS]
        if ahead:
            self._store.months.restamp_trash(ahead, wall)
        if expired:
            self._store.months.delete_from_trash(expired)
        for entry in expired:
            events = "" if entry.events is None else f" ({quantity(entry.events, 'event')})"
            _log.info("retention: %s%s deleted from the trash", entry.month, events)


def describe_pass(retention: Retention, result: RetentionResult) -> dict[str, Any]:
    """A pass for the command line.

    `clock`, `doubts` (clauses), `done`, `due`, `future` and `expired` ([month, events]), `trash` ([month, events or
    null, the time of its end]), `in_trash` (whether the removed months can be taken back).
    """
    return {
        "clock": clock_text(retention.time.wall()),
        "doubts": list(result.doubts),
        "done": result.done,
        "due": list(result.due.items()),
        "future": list(result.future.items()),
        "expired": [[entry.month, entry.events] for entry in result.expired],
        "trash": [[entry.month, entry.events, clock_text(retention.expires_at(entry))] for entry in retention.trash()],
        "in_trash": result.moved_at is not None,
    }


def waiting_sentence(result: RetentionResult, doubt: str) -> str:
    """A line on months that are too old and were not removed, or on a clock that the next start doubts, or nothing."""
    if not result.done and result.due:
        months, doubts = ", ".join(result.due), " and ".join(result.doubts)
        return f"\n{months} not removed, although retention_days is over, because {doubts}. {CONFIRM}"
    if doubt:
        return (
            f"\nThe next start raises the alarm retention_waiting and deletes nothing, because {doubt}. If the clock "
            "is right, run `footfall-collector retain --confirm`"
        )
    return ""
