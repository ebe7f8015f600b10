"""A guard: the cuts that remove it from a copy of the source, and the finding that the proof then reports."""

from dataclasses import dataclass

CLIENT = "client/src/footfall/"
COLLECTOR = "collector/src/footfall_collector/"


@dataclass(frozen=True)
class Cut:
    """A change of one file: `old` stands in it exactly once."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Guard:
    """One guard.

    Attributes:
        name: short, unique.
        keeps: the leak that it prevents.
        cuts: the changes that remove it.
        seen: the beginning of the finding that the proof reports without it.
        quick: whether every run of the suite tries it, not only `make soak`.
        provoked: the number of leading cuts that only create the occasion: with them alone the proof still holds.
    """

    name: str
    keeps: str
    cuts: tuple[Cut, ...]
    seen: str
    quick: bool = False
    provoked: int = 0


def client(module: str, old: str, new: str) -> Cut:
    return Cut(f"{CLIENT}{module}.py", old, new)


def collector(module: str, old: str, new: str) -> Cut:
    return Cut(f"{COLLECTOR}{module}.py", old, new)
