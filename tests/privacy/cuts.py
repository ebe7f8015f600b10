"""What a guard is: cuts that take it out of a copy of the source, and the finding that the proof makes without it."""

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
        keeps: what it keeps from happening.
        cuts: take it out.
        seen: how a finding begins that the proof makes without it.
        quick: whether it is tried in every run of the suite, and not only in `make soak`.
        provoked: the first so many cuts only bring about the occasion: with them alone the proof still holds.
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
