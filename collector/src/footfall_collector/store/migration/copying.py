"""The copy itself: compare, add what is missing, compare again; month after month.

Nothing is written down about how far it got. A part whose digests agree is done, so a copy that was broken off goes on
where it was; a part that was half copied gets only the events it lacks.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..periods import day_text
from .digests import Digest, Part
from .source import Row, Source
from .verdict import Faults, Held, faults

SETTLE_SECONDS = 60.0
"""How long a copied month may take until all replicas show it."""
_PAUSE = 0.2


class Target(Protocol):
    """The store that is filled. All raise StoreError where it can't be reached."""

    def digests(self, month: str) -> Mapping[Part, Digest]:
        """Of every product and day of a month that has copied events. What collectors loaded is not in them."""

    def occupied(self, month: str) -> set[Part]:
        """The parts of a month that the target has anything of, whoever brought it."""

    def held(self, part: Part) -> Held:
        """What there is of a part."""

    def insert(self, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows; they are on the cluster's disks when this returns."""

    def collapse(self, month: str) -> None:
        """Leave one of equal rows, which a broken off insert and its repetition can give."""


@dataclass(frozen=True)
class Mismatch:
    """A product's month that is not the same on both sides."""

    month: str
    product: str
    faults: Faults

    def __str__(self) -> str:
        return f"{self.month} {self.product}: {self.faults}"


@dataclass
class Copy:
    """One run: from `source` into `target`. `say` gets a line per step."""

    source: Source
    target: Target
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    copied: int = 0

    def run(self) -> list[Mismatch]:
        """Copy all months; what is not the same at the end. Raises StoreError where the target can't be written."""
        found: list[Mismatch] = []
        for month in self.source.months:
            found += self._month(month)
        return found

    def _month(self, month: str) -> list[Mismatch]:
        wanted = self.source.digests(month)
        present, occupied = self.target.digests(month), self.target.occupied(month)
        missing = sorted(part for part in wanted if present.get(part) != wanted[part])
        total, done, before = sum(wanted[part].rows for part in missing), 0, self.copied
        for part in missing:
            self._part(month, part, self.target.held(part) if part in occupied else Held())
            done += wanted[part].rows
            self.say(f"{month}: {done} of {total} events ({part.product}, {day_text(part.day)})")
        mismatches = self._compare(month, wanted, SETTLE_SECONDS if self.copied > before else 0.0)
        state = "differ" if mismatches else "are the same on both sides"
        self.say(f"{month}: {sum(digest.rows for digest in wanted.values())} events {state}")
        return mismatches

    def _part(self, month: str, part: Part, held: Held) -> None:
        for rows in self.source.chunks(month, part):
            fresh = [row for row in rows if not held.has(self.source.key_of(row))]
            if fresh:
                self.target.insert(self.source.columns, fresh)
                self.copied += len(fresh)

    def _compare(self, month: str, wanted: Mapping[Part, Digest], patience: float) -> list[Mismatch]:
        """Compare by product. What was just written may be seen a moment later: a difference is looked at again."""
        deadline = self.clock() + patience
        while found := self._faults(month, wanted):
            if any(of.twice for of in found.values()):
                self.target.collapse(month)
                found = self._faults(month, wanted)
            if not found or self.clock() >= deadline:
                break
            self.pause(_PAUSE)
        return [Mismatch(month, product, of) for product, of in sorted(found.items())]

    def _faults(self, month: str, wanted: Mapping[Part, Digest]) -> dict[str, Faults]:
        """What is wrong now, by product."""
        seen = self.target.digests(month)
        found: dict[str, Faults] = {}
        for part in sorted({*seen, *wanted}):
            if seen.get(part) == wanted.get(part):
                continue
            if of := faults(self.source.hashes(month, part), self.target.held(part)):
                found[part.product] = found.get(part.product, Faults()) + of
        return found
