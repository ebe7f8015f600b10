"""How much better the model fits with each candidate for a cause, without a fit of all cells for each.

A candidate moves a part of the calls to sums of their own. So the sums of the causes that are known are computed once,
and of a candidate only its own cells are looked at.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from .cause import with_cause
from .cause_set import CauseSet
from .cube import CallCell, RateCell
from .error_rates import RateModel
from .rate_sums import CellSum, SumsFit
from .scan import Scan

_MIN_EXPECTED, _MIN_FOR_DISPERSION = 2.0, 10
_MEDIAN_OF_CHI_SQUARE = 0.455


@dataclass
class ClusterCalls:
    """The calls of each cluster in each cell of a model.

    Attributes:
        errors: of each cluster.
        parts: for each cell its clusters, with their calls.
    """

    errors: list[int]
    parts: list[list[tuple[int, int]]]

    @classmethod
    def counted(
        cls, detailed: Sequence[CallCell], of_cells: Sequence[RateCell], cells: Sequence[RateCell]
    ) -> "ClusterCalls":
        """`of_cells`: for each of `detailed` the one of `cells` that it is part of."""
        parts_of: dict[int, list[tuple[int, int]]] = {id(cell): [] for cell in cells}
        numbers: dict[str, int] = {}
        errors: list[int] = []
        for cell, whole in zip(detailed, of_cells, strict=True):
            number = numbers.setdefault(cell.cluster, len(errors))
            if number == len(errors):
                errors.append(0)
            errors[number] += cell.errors
            parts_of[id(whole)].append((number, cell.calls))
        return cls(errors, [*parts_of.values()])

    def by_sum(self, index: Sequence[int]) -> list[tuple[int, int, int]]:
        """(cluster, sum, calls), where `index` has each cell's sum."""
        calls: defaultdict[tuple[int, int], int] = defaultdict(int)
        for position, parts in zip(index, self.parts, strict=True):
            for cluster, number in parts:
                calls[cluster, position] += number
        return [(cluster, position, number) for (cluster, position), number in calls.items()]


class Candidates:
    """The candidates among some cells; what stays the same while causes join the model is computed once."""

    def __init__(
        self,
        detailed: Sequence[CallCell],
        parts: Sequence[RateCell],
        cells: Sequence[RateCell],
        versions: Sequence[str],
    ) -> None:
        self._detailed, self._parts, self._cells, self._versions = detailed, parts, cells, versions

    @cached_property
    def _scan(self) -> Scan:
        return Scan(self._cells, self._versions)

    @cached_property
    def _clusters(self) -> ClusterCalls:
        return ClusterCalls.counted(self._detailed, self._parts, self._cells)

    def best(self) -> list[CauseSet]:
        """The best candidate of each kind beside the causes that the cells' expected errors follow from."""
        return self._scan.best_candidates([cell.expected for cell in self._cells])

    def gains(self, model: RateModel, sets: Sequence[CauseSet]) -> "CandidateGains":
        return CandidateGains(model, self._clusters, sets)


class CandidateGains:
    """The gains of candidates beside the causes `sets`, one after the other."""

    def __init__(self, model: RateModel, clusters: ClusterCalls, sets: Sequence[CauseSet]) -> None:
        self._model, self._clusters, self._sets = model, clusters, list(sets)
        self._sums, self._index = model.sums(sets)
        self._pairs = clusters.by_sum(self._index)
        self._all_tools = {one.tool for one in self._sums}
        self._rates = [0.0] * len(self._sums)
        self._without(self._all_tools)

    def gain(self, candidate: CauseSet) -> float:
        """The log-likelihood, by the variance of the model with the candidate.

        Without it, a real cause would look like clusters whose calls depend on each other.
        """
        tools = self._all_tools if candidate.pooled else {*candidate.tools}
        sets = with_cause(self._sets, candidate)
        if sets[:-1] == self._sets:
            likelihood, expected = self._moved(candidate, sets, tools)
        else:
            likelihood, expected = self._refitted(sets, tools)
        # The variance first: it is that of all tools, those of the candidate with it.
        dispersion = dispersion_of(zip(self._clusters.errors, expected, strict=True))
        return (likelihood - self._without(tools)) / dispersion

    def _without(self, tools: Collection[str]) -> float:
        """The likelihood of some tools' cells without the candidate; their rates are those of this fit."""
        sums = [(position, one) for position, one in enumerate(self._sums) if one.tool in tools]
        fit = SumsFit([one for _, one in sums], self._sets)
        for position, one in sums:
            self._rates[position] = one.expected / one.calls
        return fit.likelihood()

    def _moved(
        self, candidate: CauseSet, sets: Sequence[CauseSet], tools: Collection[str]
    ) -> tuple[float, list[float]]:
        """The likelihood of some tools' cells, and each cluster's expected errors in all."""
        inside: dict[int, CellSum] = {}
        members = self._model.members(candidate)
        for each in members:
            position, cell = self._index[each], self._model.cells[each]
            part = inside.get(position)
            if part is None:
                one = self._sums[position]
                part = inside[position] = one.part(one.causes | 1 << len(self._sets), 0, 0)
            part.calls += cell.calls
            part.errors += cell.errors
        outside = {}
        for position, one in enumerate(self._sums):
            if one.tool in tools:
                part = inside.get(position)
                calls, errors = (
                    (one.calls, one.errors) if part is None else (one.calls - part.calls, one.errors - part.errors)
                )
                if calls:
                    outside[position] = one.part(one.causes, calls, errors)
        likelihood = SumsFit([*outside.values(), *inside.values()], sets).likelihood()
        rates = self._rates.copy()
        for position, one in enumerate(self._sums):
            if one.tool in tools:
                rest = outside.get(position)
                rates[position] = rest.expected / rest.calls if rest else 0.0
        expected = self._by_cluster(self._pairs, rates)
        for each in members:
            position = self._index[each]
            part = inside[position]
            more = part.expected / part.calls - rates[position]
            for cluster, calls in self._clusters.parts[each]:
                expected[cluster] += calls * more
        return likelihood, expected

    def _refitted(self, sets: Sequence[CauseSet], tools: Collection[str]) -> tuple[float, list[float]]:
        """The same for a candidate that changes one of the causes."""
        sums, index = self._model.sums(sets)
        fit = SumsFit([one for one in sums if one.tool in tools], sets)
        pairs = []
        rates = [one.expected / one.calls for one in sums]
        for position, parts, before in zip(index, self._clusters.parts, self._index, strict=True):
            rate = rates[position] if sums[position].tool in tools else self._rates[before]
            pairs += [(cluster, calls * rate) for cluster, calls in parts]
        expected = [0.0] * len(self._clusters.errors)
        for cluster, errors in pairs:
            expected[cluster] += errors
        return fit.likelihood(), expected

    def _by_cluster(self, pairs: Sequence[tuple[int, int, int]], rates: Sequence[float]) -> list[float]:
        expected = [0.0] * len(self._clusters.errors)
        for cluster, position, calls in pairs:
            expected[cluster] += calls * rates[position]
        return expected


def dispersion_of(clusters: Iterable[tuple[int, float]]) -> float:
    """How much larger the variance of clusters' (errors, expected errors) is than that of independent calls, or 1."""
    terms = [(o - e) ** 2 / e for o, e in clusters if e >= _MIN_EXPECTED]
    return max(1.0, median(terms) / _MEDIAN_OF_CHI_SQUARE) if len(terms) >= _MIN_FOR_DISPERSION else 1.0
