"""The expected errors of each cell: a log-linear (Poisson) model, fitted by iterative proportional scaling.

The usual rate of a call depends on its tool, and for each tool on the client and on the provider; a cause multiplies
it. Factors of clients and providers are shrunk towards 1, so that a combination of few calls has no rate of its own.

Source: J. N. Darroch and D. Ratcliff (1972), "Generalized iterative scaling for log-linear models".
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from .cause_set import CauseSet
from .cube import RateCell
from .rate_sums import CellSum, SumsFit


class RateSums(NamedTuple):
    """The sums of the cells that have one rate under some causes, and for each cell the position of its sum."""

    sums: list[CellSum]
    positions: list[int]


class RateModel:
    """The model of some cells. `fit` sets each cell's `expected`.

    Attributes:
        ratios: after `fit`, for each cause its factor by tool; by "" where it is pooled.
    """

    def __init__(self, cells: Sequence[RateCell]) -> None:
        self.cells = cells
        self.ratios: list[dict[str, float]] = []
        numbers: dict[tuple[str, str, str], int] = {}
        self._names = [numbers.setdefault((cell.tool, cell.client, cell.provider), len(numbers)) for cell in self.cells]
        self._named = list(numbers)
        self._positions: dict[str, dict[str, list[int]]] = {}
        self._members: dict[CauseSet, list[int]] = {}

    def fit(self, causes: Sequence[CauseSet]) -> "RateModel":
        sums, index = self.sums(causes)
        self.ratios = SumsFit(sums, causes).ratios
        rates = [one.expected / one.calls for one in sums]
        for cell, position in zip(self.cells, index, strict=True):
            cell.expected = cell.calls * rates[position]
        return self

    def sums(self, causes: Sequence[CauseSet]) -> RateSums:
        codes = self._names
        for bit, cause in enumerate(causes):
            codes = codes.copy()
            step = len(self._named) << bit
            for position in self.members(cause):
                codes[position] += step
        index_of: dict[int, int] = {}
        index = [index_of.setdefault(code, len(index_of)) for code in codes]
        calls, errors = [0] * len(index_of), [0] * len(index_of)
        for position, cell in zip(index, self.cells, strict=True):
            calls[position] += cell.calls
            errors[position] += cell.errors
        sums = []
        for code, position in index_of.items():
            among, name = divmod(code, len(self._named))
            sums.append(CellSum(*self._named[name], among, calls[position], errors[position]))
        return RateSums(sums, index)

    def members(self, cause: CauseSet) -> list[int]:
        """The positions of the cells that a cause concerns; the same causes are fitted again and again."""
        if cause not in self._members:
            cells = self.cells
            self._members[cause] = [each for each in self._near(cause) if cause.includes(cells[each])]
        return self._members[cause]

    def _near(self, cause: CauseSet) -> list[int]:
        """The positions of the cells with the values of a cause, in order."""
        if cause.kind == "day":
            return list(range(len(self.cells)))
        if cause.kind not in self._positions:
            by_value: defaultdict[str, list[int]] = defaultdict(list)
            for position, cell in enumerate(self.cells):
                by_value[getattr(cell, cause.kind)].append(position)
            self._positions[cause.kind] = dict(by_value)
        known = self._positions[cause.kind]
        listed = [position for value in cause.values for position in known.get(value, ())]
        return sorted(listed) if len(cause.values) > 1 else listed
