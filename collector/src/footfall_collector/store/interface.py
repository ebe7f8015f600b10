"""Where admitted events are kept and counted: the seam between what loads and what asks.

`Store` is what a loader needs and what charts ask. An engine keeps raw events and rollups as it likes, but offers
its charts the relations of `rollups.py` under the same names and with the same columns, so that one SQL file per
chart and engine is enough.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from .periods import DAY

MINUTE, HOUR = 60, 3600
MINUTES_UP_TO = 3 * HOUR


class StoreError(Exception):
    """The store can't be used as it is; the message says what, where and what to do."""


@dataclass(frozen=True)
class Scope:
    """Which events a question is about.

    Attributes:
        product: the product's name.
        start: epoch seconds, included.
        end: epoch seconds, excluded.
        exact: read raw events, to the second; otherwise rollups, whose range is widened to whole UTC days.
        internal: False for events from outside, True for internal ones only, None for both.
        filters: column of a relation to the value it must have.
    """

    product: str
    start: int
    end: int
    exact: bool = False
    internal: bool | None = None
    filters: Mapping[str, str] = field(default_factory=dict)

    @property
    def step(self) -> int:
        """Seconds between the moments of counters: a minute in ranges up to three hours, an hour if exact, a day."""
        if not self.exact:
            return DAY
        return MINUTE if self.end - self.start <= MINUTES_UP_TO else HOUR


@dataclass(frozen=True)
class Loaded:
    """What one load did: events that are new, and events that were known already, by product."""

    new: Mapping[str, int] = field(default_factory=dict)
    known: Mapping[str, int] = field(default_factory=dict)

    @property
    def events(self) -> int:
        """Events that are new, of all products."""
        return sum(self.new.values())

    def plus(self, other: "Loaded") -> "Loaded":
        """What two loads did together."""
        return Loaded(Counter(self.new) + Counter(other.new), Counter(self.known) + Counter(other.known))


class Store(Protocol):
    """An engine that keeps events. Only the loader's thread calls what writes; `rows` may be called by any thread."""

    engine: str
    """Name of the folder that holds its charts' SQL."""

    def load(self, segments: Sequence[Path]) -> Loaded:
        """Put closed journal segments into the store, exactly once however often it is called or cut short.

        Raises StoreError where it can't; nothing is lost as long as the segments are kept.
        """

    def roll_up(self) -> int:
        """Bring the rollups up to date; returns how many events were added to them."""

    def settle(self) -> None:
        """Make all that was loaded independent of the journal: its segments may be deleted afterwards."""

    def forget_segments(self, names: Sequence[str]) -> None:
        """Drop what is remembered of segments that were deleted after settling."""

    def recover(self) -> None:
        """Get over an error: go on from what is on disk. Raises StoreError where that can't be had yet."""

    def rows(self, sql: str, scope: Scope) -> list[tuple[Any, ...]]:
        """The result of a chart's SQL over the relations it names, restricted to the scope."""

    def forget(self, instance: str) -> int:
        """Delete an instance (the journal's 16 hex digits) for good, now and later; returns how many events went.

        Raises StoreError where it can't be done at once; it is then done at the next start.
        """

    def finish_forgetting(self) -> int:
        """Go on with what `forget` could not do; returns how many events went."""

    def retain(self, cutoff: int) -> list[str]:
        """Delete the months that were over at a moment (epoch seconds); returns their names."""

    def rebuild(self) -> None:
        """Make the rollups anew from the raw events."""

    def close(self) -> None:
        """Settle and let go of all files."""
