"""Copies the events month by month: compare, add what is missing, compare again.

No progress is recorded. A product's day whose digests agree is done, so an interrupted copy continues where it was; a
half-copied day gets only the events that it lacks.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..periods import day_text
from .digests import ProductDay, RowsDigest
from .faults import CopyFaults, TargetEvents, find_faults
from .source import DuckSource, EventRow

REPLICATION_SECONDS = 60.0
"""Time limit until all replicas show a copied month."""
_PAUSE_SECONDS = 0.2


class CopyTarget(Protocol):
    """The store that is filled. All methods raise StoreError if it can't be reached."""

    def digests(self, month: str) -> Mapping[ProductDay, RowsDigest]:
        """The digest of the copied events of each product and day of a month, without what collectors loaded."""

    def days_with_events(self, month: str) -> set[ProductDay]:
        """The products and days of a month that have any events, copied or loaded."""

    def events_of(self, product_day: ProductDay) -> TargetEvents:
        """The events of a product's day, copied and loaded."""

    def insert(self, columns: Sequence[str], rows: Sequence[EventRow]) -> None:
        """Insert rows; they are on the cluster's disks when this returns."""

    def collapse(self, month: str) -> None:
        """Remove all but one of equal rows, which an interrupted insert and its repetition can leave."""


@dataclass(frozen=True)
class CopyMismatch:
    """A month of a product that differs between source and target."""

    month: str
    product: str
    faults: CopyFaults

    def __str__(self) -> str:
        return f"{self.month} {self.product}: {self.faults}"


@dataclass
class StoreCopy:
    """One run of the copy. `report` is called with a line for each step; `copied` counts the inserted events."""

    source: DuckSource
    target: CopyTarget
    report: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    copied: int = 0

    def run(self) -> list[CopyMismatch]:
        """Copy all months; returns the differences that remain. Raises StoreError if the target can't be written."""
        mismatches: list[CopyMismatch] = []
        for month in self.source.months:
            mismatches += self._copy_month(month)
        return mismatches

    def _copy_month(self, month: str) -> list[CopyMismatch]:
        expected = self.source.digests(month)
        present, with_events = self.target.digests(month), self.target.days_with_events(month)
        missing = sorted(product_day for product_day in expected if present.get(product_day) != expected[product_day])
        total, done, before = sum(expected[product_day].rows for product_day in missing), 0, self.copied
        for product_day in missing:
            self._copy_day(
                month, product_day, self.target.events_of(product_day) if product_day in with_events else TargetEvents()
            )
            done += expected[product_day].rows
            self.report(f"{month}: {done} of {total} events ({product_day.product}, {day_text(product_day.day)})")
        mismatches = self._compare(month, expected, REPLICATION_SECONDS if self.copied > before else 0.0)
        state = "differ" if mismatches else "are the same on both sides"
        self.report(f"{month}: {sum(digest.rows for digest in expected.values())} events {state}")
        return mismatches

    def _copy_day(self, month: str, product_day: ProductDay, existing: TargetEvents) -> None:
        for rows in self.source.chunks(month, product_day):
            fresh = [row for row in rows if not existing.contains(self.source.key_of(row))]
            if fresh:
                self.target.insert(self.source.columns, fresh)
                self.copied += len(fresh)

    def _compare(self, month: str, expected: Mapping[ProductDay, RowsDigest], timeout: float) -> list[CopyMismatch]:
        """Compare by product until nothing differs or the time is up: replicas show new rows a moment later."""
        deadline = self.clock() + timeout
        while faults := self._faults(month, expected):
            if any(fault.repeated for fault in faults.values()):
                self.target.collapse(month)
                faults = self._faults(month, expected)
            if not faults or self.clock() >= deadline:
                break
            self.pause(_PAUSE_SECONDS)
        return [CopyMismatch(month, product, fault) for product, fault in sorted(faults.items())]

    def _faults(self, month: str, expected: Mapping[ProductDay, RowsDigest]) -> dict[str, CopyFaults]:
        """The present differences, by product."""
        actual = self.target.digests(month)
        faults: dict[str, CopyFaults] = {}
        for product_day in sorted({*actual, *expected}):
            if actual.get(product_day) == expected.get(product_day):
                continue
            if fault := find_faults(self.source.hashes(month, product_day), self.target.events_of(product_day)):
                faults[product_day.product] = faults.get(product_day.product, CopyFaults()) + fault
        return faults
