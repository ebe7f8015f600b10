"""What is wrong with a part of a copy, event by event. Asked only where the digests differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from ..dedupe_window import WINDOW
from .digests import Key


@dataclass
class Held:
    """What the target has of a part: its own copies, with the hash of each, and the times of what collectors loaded."""

    copies: dict[Key, list[int]] = field(default_factory=dict)
    loaded: dict[str, list[int]] = field(default_factory=dict)

    def came_otherwise(self, key: Key) -> bool:
        """Whether a collector has loaded the event itself, as the stores know an event again."""
        return any(abs(sent - key.sent) <= WINDOW for sent in self.loaded.get(key.uuid, ()))

    def has(self, key: Key) -> bool:
        """Whether an event need not be copied any more."""
        return key in self.copies or self.came_otherwise(key)


@dataclass(frozen=True)
class Faults:
    """How many events are not as they should be."""

    missing: int = 0
    changed: int = 0
    twice: int = 0
    strange: int = 0

    def __bool__(self) -> bool:
        return self != Faults()

    def __add__(self, other: "Faults") -> "Faults":
        return Faults(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Faults)))

    def __str__(self) -> str:
        words = {
            "missing": "missing there",
            "changed": "with other values",
            "twice": "there twice",
            "strange": "unknown to the source",
        }
        told = [f"{text}: {number} events" for name, text in words.items() if (number := getattr(self, name))]
        return ", ".join(told) or "nothing differs"


def faults(wanted: Mapping[Key, int], held: Held) -> Faults:
    """Compare the events of a part (hash by key) with what the target has."""
    return Faults(
        missing=sum(not held.has(key) for key in wanted),
        changed=sum(number not in held.copies[key] for key, number in wanted.items() if key in held.copies),
        twice=sum(len(copies) - 1 + held.came_otherwise(key) for key, copies in held.copies.items()),
        strange=sum(key not in wanted for key in held.copies),
    )
