"""The expected errors of each cell: a log-linear (Poisson) model, fitted by iterative proportional scaling.

The usual rate of a call depends on its tool, and for each tool on the client and on the provider; a cause multiplies
it. Factors of clients and providers are shrunk towards 1, so that a combination of few calls has no rate of its own.

Source: J. N. Darroch and D. Ratcliff (1972), "Generalized iterative scaling for log-linear models".
"""

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import attrgetter
from typing import Literal

from .cube import CallCell, RateCell

SHRINKAGE = 5.0
"""Errors that a factor of 1 weighs."""
SWEEPS = 8
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


class RateModel:
    """The model of some cells. `fit` sets each cell's `expected`.

    Cells of one tool, client and provider that the same causes concern have one rate: only their sums are fitted.

    Attributes:
        ratios: after `fit`, for each cause its factor by tool; by "" where it is pooled.
    """

    def __init__(self, cells: Sequence[RateCell]) -> None:
        self.cells = cells
        self.ratios: list[dict[str, float]] = []
        self._groups: list[_Group] = []
        self._kinds = [(cell.tool, cell.client, cell.provider) for cell in cells]
        self._concerned: dict[CauseSet, list[bool]] = {}

    def of_tools(self, tools: Collection[str]) -> "RateModel":
        """The model of some tools' cells only. Tools share nothing but causes that are the same for all."""
        return RateModel([cell for cell in self.cells if cell.tool in tools])

    def fit(self, causes: Sequence[CauseSet]) -> "RateModel":
        self.ratios = [dict.fromkeys(("",) if cause.pooled else cause.tools, 1.0) for cause in causes]
        sums, sum_of = self._sums(causes)
        self._start(sums)
        self._groups = _groups(sums)
        inside = [[one for one in sums if one.causes >> index & 1] for index in range(len(causes))]
        for _ in range(SWEEPS):
            for cause, ratios, concerned in zip(causes, self.ratios, inside, strict=True):
                _scale_cause(cause, ratios, concerned)
            for group in self._groups:
                group.scale()
        rates = [one.expected / one.calls for one in sums]
        for cell, index in zip(self.cells, sum_of, strict=True):
            cell.expected = cell.calls * rates[index]
        return self

    def _sums(self, causes: Sequence[CauseSet]) -> tuple[list["_CellSum"], list[int]]:
        """The sums of the cells that have one rate, and for each cell the index of its sum."""
        index_of: dict[tuple[tuple[str, str, str], tuple[bool, ...]], int] = {}
        sums: list[_CellSum] = []
        positions = []
        concerned = zip(*map(self._concerned_by, causes), strict=True) if causes else repeat(())
        for cell, kind, inside in zip(self.cells, self._kinds, concerned, strict=False):
            index = index_of.setdefault((kind, inside), len(sums))
            if index == len(sums):
                sums.append(_CellSum(*kind, sum(1 << bit for bit, is_inside in enumerate(inside) if is_inside)))
            one = sums[index]
            one.calls += cell.calls
            one.errors += cell.errors
            positions.append(index)
        return sums, positions

    def _concerned_by(self, cause: CauseSet) -> list[bool]:
        """For each cell whether a cause concerns it; the same causes are fitted again and again."""
        if cause not in self._concerned:
            self._concerned[cause] = [cause.includes(cell) for cell in self.cells]
        return self._concerned[cause]

    def likelihood(self) -> float:
        """The log-likelihood of the fit, with what its factors cost, up to a constant."""
        likelihood = 0.0
        for cell in self.cells:
            if cell.errors:
                likelihood += cell.errors * math.log(max(cell.expected, 1e-9))
            likelihood -= cell.expected
        for group in self._groups:
            if group.shrinkage:
                likelihood += group.shrinkage * (math.log(group.factor) - group.factor)
        return likelihood

    @staticmethod
    def _start(sums: Sequence["_CellSum"]) -> None:
        """Begin with the rates of the calls that no cause concerns: from those, few sweeps reach the end."""
        calls: defaultdict[str, float] = defaultdict(lambda: 1.0)
        errors: defaultdict[str, float] = defaultdict(lambda: 0.5)
        for one in sums:
            if not one.causes:
                calls[one.tool] += one.calls
                errors[one.tool] += one.errors
        for one in sums:
            one.expected = one.calls * errors[one.tool] / calls[one.tool]


class _CellSum:
    """The calls of cells that have one rate; `causes` has a bit for each cause that concerns them."""

    __slots__ = ("calls", "causes", "client", "errors", "expected", "provider", "tool")

    def __init__(self, tool: str, client: str, provider: str, causes: int) -> None:
        self.tool, self.client, self.provider, self.causes = tool, client, provider, causes
        self.calls = self.errors = 0
        self.expected = 0.0


def _groups(sums: Sequence[_CellSum]) -> list["_Group"]:
    groups = []
    for names, shrinkage in ((("tool",), 0.0), (("tool", "client"), SHRINKAGE), (("tool", "provider"), SHRINKAGE)):
        key = attrgetter(*names)
        alike: defaultdict[object, list[_CellSum]] = defaultdict(list)
        for one in sums:
            alike[key(one)].append(one)
        groups += [_Group(group, shrinkage) for group in alike.values()]
    return groups


class _Group:
    """Cells that share a factor; a `shrinkage` of 0 leaves it free."""

    __slots__ = ("cells", "errors", "factor", "shrinkage")

    def __init__(self, cells: list[_CellSum], shrinkage: float) -> None:
        self.cells, self.shrinkage, self.factor = cells, shrinkage, 1.0
        self.errors = sum(cell.errors for cell in cells)

    def scale(self) -> None:
        """Bring the expected errors to the observed ones, as far as shrinkage lets."""
        expected = 0.0
        for cell in self.cells:
            expected += cell.expected
        if expected <= 0:
            return
        after = (self.errors + self.shrinkage) / (expected / self.factor + self.shrinkage)
        scale = after / self.factor
        if scale > 0:
            self.factor = after
            for cell in self.cells:
                cell.expected *= scale


def _scale_cause(cause: CauseSet, ratios: dict[str, float], concerned: Sequence[_CellSum]) -> None:
    observed, expected = dict.fromkeys(ratios, 0.0), dict.fromkeys(ratios, 0.0)
    for cell in concerned:
        name = "" if cause.pooled else cell.tool
        observed[name] += cell.errors
        expected[name] += cell.expected / ratios[name]
    # The floors keep a factor finite where a tool has no errors without the cause, and above 0.
    after = {name: max(observed[name], 0.5) / max(expected[name], 0.25) for name in ratios}
    for cell in concerned:
        name = "" if cause.pooled else cell.tool
        cell.expected *= after[name] / ratios[name]
    ratios.update(after)
