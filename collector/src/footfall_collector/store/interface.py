"""`Store`: what the loader writes to and charts read from.

An engine keeps raw events and roll-ups in its own way. It offers charts the relations of `rollups` under the same
names and with the same columns, so that a chart needs one SQL file for each engine and nothing else.
"""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from .periods import DAY_SECONDS

MINUTE_SECONDS, HOUR_SECONDS = 60, 3600
BY_MINUTE_UP_TO_SECONDS = 3 * HOUR_SECONDS

StepHook = Callable[[str], None]
"""Called with a step's name before each step after which the process could end; tests end it there."""


def ignore_step(_: str) -> None:
    return


class StoreError(Exception):
    """The store can't be used in its present state; the message says what is wrong, where, and what to do."""


class EventsUnreadableError(StoreError):
    """The raw events of a range are damaged, and roll-ups can't answer for them; the message says what to do."""


class QueryStoppedError(StoreError):
    """The work that a query belongs to was stopped: it took too long, or nobody waits for its answer."""


class Interruption:
    """Stops the queries of one piece of work, from any thread. Within `work`, queries of the same thread obey it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stopped = False
        self._running: Callable[[], object] | None = None

    @contextmanager
    def work(self) -> Iterator[None]:
        token = _interruption.set(self)
        try:
            yield
        finally:
            _interruption.reset(token)

    def stop(self) -> None:
        """Stop the running query, and refuse later ones. An engine may miss it at a query's start: call it again."""
        with self._lock:
            self._stopped = True
            if self._running:
                self._running()

    def check(self) -> None:
        """Raise QueryStoppedError after `stop`."""
        if self._stopped:
            raise QueryStoppedError("the question was stopped")

    @contextmanager
    def query(self, stop: Callable[[], object]) -> Iterator[None]:
        """A query that `stop` ends. Raises QueryStoppedError in place of the error that it ends with."""
        with self._lock:
            self.check()
            self._running = stop
        try:
            yield
        except Exception:
            self.check()
            raise
        finally:
            with self._lock:
                self._running = None


_interruption: ContextVar[Interruption | None] = ContextVar("interruption", default=None)


@contextmanager
def stoppable_query(stop: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """A query that ends when its work is stopped; yields the check to call between the parts of a long answer."""
    interruption = _interruption.get()
    if interruption is None:
        yield lambda: None
        return
    with interruption.query(stop):
        yield interruption.check


@dataclass(frozen=True)
class EventSelection:
    """The events that a query is about.

    Attributes:
        product: the product's name.
        start: epoch seconds, included.
        end: epoch seconds, excluded.
        exact: read raw events, to the second; otherwise read roll-ups, with the range widened to whole UTC days.
        internal: False for external events, True for internal events only, None for both.
        filters: column of a relation to the value it must have.
        kept: column of a relation to the values that it shows; every other value is `other`. Other columns show all.
        established: count established instances only. Counters without instances need `exact`.
        one_in: read one of so many instances, chosen by their hash, where a chart's SQL says `$one_in` and in samples.
        one_day_in: of samples, read one of so many days, the last one first.
        by_minute: whether an exact range has buckets of a minute, however long it is.
        parameters: values that the SQL names, besides those that the selection gives.
        shared: relation, `shared_…`, to its query, which can name those before it. The DuckDB store keeps their rows
            while it doesn't change; the SQL for ClickHouse names none.
    """

    product: str
    start: int
    end: int
    exact: bool = False
    internal: bool | None = None
    filters: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    established: bool = False
    one_in: int = 1
    one_day_in: int = 1
    by_minute: bool = False
    parameters: Mapping[str, str | int | tuple[str, ...]] = field(default_factory=dict)
    shared: Mapping[str, str] = field(default_factory=dict)

    @property
    def raw_range(self) -> tuple[int, int]:
        """Start and end in epoch seconds, widened to whole days unless `exact`."""
        if self.exact:
            return self.start, self.end
        return self.start // DAY_SECONDS * DAY_SECONDS, -(-self.end // DAY_SECONDS) * DAY_SECONDS

    @property
    def bucket_seconds(self) -> int:
        """Length of a counter's bucket: a day; if exact, an hour, and a minute in ranges of up to three hours."""
        if not self.exact:
            return DAY_SECONDS
        by_minute = self.by_minute or self.end - self.start <= BY_MINUTE_UP_TO_SECONDS
        return MINUTE_SECONDS if by_minute else HOUR_SECONDS


@dataclass(frozen=True)
class LoadResult:
    """The number of new and of repeated events in a load, by product."""

    new: Mapping[str, int] = field(default_factory=dict)
    repeated: Mapping[str, int] = field(default_factory=dict)

    @property
    def new_events(self) -> int:
        """New events of all products."""
        return sum(self.new.values())

    def __add__(self, other: "LoadResult") -> "LoadResult":
        return LoadResult(Counter(self.new) + Counter(other.new), Counter(self.repeated) + Counter(other.repeated))


@dataclass(frozen=True, order=True)
class TrashedMonth:
    """A month that retention removed and that can still be taken back.

    Attributes:
        month: such as `2026-08`.
        removed_at: epoch seconds.
        events: their number; None where it can't be read.
    """

    month: str
    removed_at: int
    events: int | None = field(default=None, compare=False)


class StoredMonths(Protocol):
    """The months of a store, and those in its trash. Only the loader's thread calls it; it raises StoreError."""

    def newest_event(self) -> int | None:
        """The time of the newest stored event, epoch seconds; None for an empty store."""

    def counts(self) -> dict[str, int]:
        """Every month in the store to the number of its events, the oldest first."""

    def remove(self, months: Sequence[str], moved_at: int | None) -> None:
        """Take the oldest `months` out of events and roll-ups: into the trash, or for good where `moved_at` is None.

        `moved_at` is in epoch seconds.
        """

    def delete_damaged(self, cutoff: int) -> None:
        """Delete copies of damaged months that ended at or before `cutoff` (epoch seconds)."""

    def trash(self) -> list[TrashedMonth]:
        """The months in the trash, the oldest first."""

    def delete_from_trash(self, entries: Sequence[TrashedMonth]) -> None:
        """Delete months of the trash for good."""

    def restamp_trash(self, entries: Sequence[TrashedMonth], moved_at: int) -> None:
        """Count the days of some months in the trash from `moved_at` on: a wrong clock stamped them."""

    def restore(self, month: str) -> int:
        """Put a month of the trash back into events and roll-ups; returns the number of events that it adds."""


class Store(Protocol):
    """An engine that keeps events. Only the loader's thread calls the methods that write; any thread may `query`."""

    engine: str
    """Name of the engine in the names of the charts' SQL files."""

    @property
    def last_load(self) -> int:
        """The number of the newest load that this process has finished."""

    @property
    def revision(self) -> Hashable:
        """Another value after everything that may change what queries answer; equal values mean equal answers."""

    @property
    def deletions(self) -> Hashable:
        """Another value after `forget` deleted events: what was computed before may count them."""

    @property
    def needs_recovery(self) -> bool:
        """Whether a query met a damaged file: the loader then calls `recover`."""

    @property
    def months(self) -> StoredMonths:
        """The months of the store, for retention."""

    def load(self, segments: Sequence[Path]) -> LoadResult:
        """Load closed journal segments, exactly once even if the call is repeated or cut short.

        Raises StoreError on failure; no event is lost as long as the segments are kept.
        """

    def loaded_with(self, segment: str) -> tuple[Collection[str], int | None] | None:
        """The segments of the loads that a segment is in, and the number of their events in the store.

        The number is None where all events are known to be there. None for a segment of no known load.
        """

    def roll_up(self) -> int:
        """Bring the roll-ups up to date; returns the number of events that were added to them."""

    def checkpoint(self) -> None:
        """Make everything that is loaded independent of the journal: its segments may be deleted afterwards."""

    def forget_segments(self, names: Sequence[str]) -> None:
        """Drop the records of segments that were deleted after a checkpoint."""

    def recover(self) -> None:
        """Reopen the store after an error, from what is on disk. Raises StoreError while that is not possible."""

    def query(self, sql: str, selection: EventSelection) -> list[tuple[Any, ...]]:
        """The rows of a chart's SQL over the relations that it names, restricted to the selection."""

    def forget(self, instance: str) -> int:
        """Delete an instance (16 hex digits, as in the journal) for good; returns the number of deleted events.

        Events that arrive later are left out. Raises StoreError if the deletion can't be done now; the next start
        does it.
        """

    def finish_forgetting(self) -> int:
        """Finish deletions that `forget` could not finish; returns the number of deleted events."""

    def take_back_forgetting(self, instances: Sequence[str]) -> None:
        """Undo `forget` for instances of which nothing was deleted. Raises StoreError otherwise; all stay then."""

    def rebuild(self) -> None:
        """Recompute the roll-ups from the raw events."""

    def close(self) -> None:
        """Checkpoint and close all files and connections."""
