"""Compares a product's day event by event, if its digests differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from ..dedupe_window import WINDOW_SECONDS
from .digests import EventKey


@dataclass
class TargetEvents:
    """The target's events of a product's day: hashes of the copied ones, times of those that collectors loaded."""

    copies: dict[EventKey, list[int]] = field(default_factory=dict)
    loaded: dict[str, list[int]] = field(default_factory=dict)

    def loaded_by_collector(self, key: EventKey) -> bool:
        """Whether a collector has loaded the event, by the rule of the dedupe window."""
        return any(abs(sent - key.sent) <= WINDOW_SECONDS for sent in self.loaded.get(key.uuid, ()))

    def contains(self, key: EventKey) -> bool:
        """Whether the event needs no copying."""
        return key in self.copies or self.loaded_by_collector(key)


@dataclass(frozen=True)
class CopyFaults:
    """The number of events that differ, by kind of difference."""

    missing: int = 0
    changed: int = 0
    repeated: int = 0
    unknown: int = 0

    def __bool__(self) -> bool:
        return self != CopyFaults()

    def __add__(self, other: "CopyFaults") -> "CopyFaults":
        return CopyFaults(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(CopyFaults)))

    def __str__(self) -> str:
        words = {
            "missing": "missing there",
            "changed": "with other values",
            "repeated": "there twice",
            "unknown": "unknown to the source",
        }
        parts = [f"{text}: {number} events" for name, text in words.items() if (number := getattr(self, name))]
        return ", ".join(parts) or "nothing differs"


def find_faults(expected: Mapping[EventKey, int], existing: TargetEvents) -> CopyFaults:
    """Compare a product's day, key to hash of its events, with the target's events."""
    return CopyFaults(
        missing=sum(not existing.contains(key) for key in expected),
        changed=sum(number not in existing.copies[key] for key, number in expected.items() if key in existing.copies),
        repeated=sum(len(copies) - 1 + existing.loaded_by_collector(key) for key, copies in existing.copies.items()),
        unknown=sum(key not in expected for key in existing.copies),
    )
