"""The calls that a cause of errors concerns."""

from dataclasses import dataclass
from typing import Literal

from .cube import CallCell, RateCell

CauseKind = Literal["version", "client", "provider", "day", "client_version", "k8s_version", "deployment"]


@dataclass(frozen=True)
class CauseSet:
    """The calls that a cause concerns; None and empty mean all.

    Attributes:
        kind: what its calls have in common; `day` stands for all calls of some days.
        values: versions from old to new, of the product, of a client or of Kubernetes; otherwise one value.
        first_day: days since 1970, included.
        last_day: included.
        tools: where the effect differs by tool.
        pooled: whether the effect is the same for all tools.
        family: the number of candidates among which it was found.
    """

    kind: CauseKind
    values: tuple[str, ...]
    first_day: int | None = None
    last_day: int | None = None
    tools: tuple[str, ...] = ()
    pooled: bool = False
    family: int = 1

    def includes(self, cell: RateCell | CallCell) -> bool:
        """Whether it concerns a cell's calls."""
        if not self.pooled and cell.tool not in self.tools:
            return False
        if self.first_day is not None and cell.day < self.first_day:
            return False
        if self.last_day is not None and cell.day > self.last_day:
            return False
        return self.kind == "day" or getattr(cell, self.kind) in self.values
