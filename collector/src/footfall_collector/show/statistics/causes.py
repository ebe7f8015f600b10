"""What made calls fail more often than usual: the search, repeated until nothing is left beyond chance.

Each cause that is found joins the model, so that the next one is looked for in what it leaves unexplained; a cause that
another one explains is dropped again. A cause must hold without the cluster that adds most to it; its interval and its
p-value allow for calls of one cluster that depend on each other.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from .candidate_gains import Candidates, dispersion_of
from .cause import Cause, Effect, with_cause, without_weak_tools
from .cause_set import CauseSet
from .cube import CallCell, rate_cells
from .error_rates import RateModel
from .intervals import Z95, benjamini_hochberg, chi_square_tail, t_tail
from .scan import POOLED_COST, TOOL_COST, likelihood_ratio

MAX_STEPS = 12
MIN_GAIN = 5.0
"""The log-likelihood that a candidate must gain after its costs."""
FALSE_DISCOVERY_RATE = 0.02
"""The share of findings that may be false on average. The promise is 5 %; the margin covers dependent calls."""
MIN_CLUSTERS = 3
MAX_OUTLIERS = 5
OUTLIER_SHARE, OUTLIER_ERRORS, OUTLIER_GAIN = 0.25, 30, 20.0
"""An instance is left out that has this share of a tool's errors, of at least so many, and gains this much."""


@dataclass
class CauseSearch:
    """The causes of the errors in some cells.

    Attributes:
        detailed: the cells; those of `lone_clusters` are left out.
        versions: in their order, the oldest first; other versions are no candidates.
        one_in: the number of instances of which one's cells are given.
        clusters_differ: whether clusters differ by themselves, as instances do in how fast they are. A cause must then
            be certain by the variation between clusters alone.
        cells: those of the model, without clusters.
        parts: for each of `detailed` the one of `cells` that it is part of.
        causes: those that were found, the one that adds most errors first.
        lone_clusters: clusters that by themselves make a cause.
    """

    detailed: list[CallCell]
    versions: Sequence[str]
    one_in: int = 1
    clusters_differ: bool = False

    def __post_init__(self) -> None:
        self._index()
        self.causes: list[Cause] = []
        self.lone_clusters: list[str] = []
        self.dispersion = 1.0

    def run(self) -> "CauseSearch":
        sets: list[CauseSet] = []
        self._leave_out_outliers()
        for _ in range(MAX_STEPS):
            self._model.fit(sets)
            found = self._best(sets)
            if found is None:
                break
            lone = self._lone_cluster(found)
            if lone is not None:
                self._leave_out(lone)
                continue
            sets = with_cause(sets, found)
        self._conclude(sets)
        self.dispersion = self._dispersion()
        return self

    def effect_of_version(self, version: str) -> Effect:
        """The calls and errors of a version, and the errors that are usual for them but for causes of versions."""
        return self._effects_of_versions.get(version, Effect(0, 0, 0.0))

    @cached_property
    def _effects_of_versions(self) -> dict[str, Effect]:
        """After `run`: those of all versions."""
        added: defaultdict[int, float] = defaultdict(float)
        for cause in self.causes:
            if cause.set.kind == "version":
                for position in self._model.members(cause.set):
                    added[position] += cause.excess(self.cells[position])
        sums: dict[str, tuple[int, int, float]] = {}
        for position, cell in enumerate(self.cells):
            calls, errors, expected = sums.get(cell.version, (0, 0, 0.0))
            usual = max(0.0, cell.expected - added[position]) if position in added else cell.expected
            sums[cell.version] = calls + cell.calls, errors + cell.errors, expected + usual
        return {version: Effect(*each) for version, each in sums.items()}

    def _best(self, sets: list[CauseSet]) -> CauseSet | None:
        """The candidate with which the model fits best, of those that gain enough; None where none does."""
        candidates = self._candidates.best()
        if not candidates:
            return None
        gains = self._candidates.gains(self._model, sets)
        best, chosen = 0.0, None
        for candidate in candidates:
            gain = gains.gain(candidate)
            gain -= POOLED_COST if candidate.pooled else TOOL_COST * len(candidate.tools)
            # A small family makes a candidate more certain, and not a better explanation than one of another family.
            if gain > best and gain - math.log(candidate.family) > MIN_GAIN:
                best, chosen = gain, candidate
        return chosen

    def _dispersion(self) -> float:
        """How much larger the variance of a cluster's errors is than that of independent calls, at least 1."""
        return dispersion_of(self._by_cluster(None).values())

    def _by_cluster(self, concerned: CauseSet | None) -> dict[str, tuple[int, float]]:
        """Cluster → (errors, expected errors) of all calls, or of those that a candidate concerns."""
        errors: defaultdict[str, int] = defaultdict(int)
        expected: defaultdict[str, float] = defaultdict(float)
        inside = None if concerned is None else self._cells_of(concerned)
        for cell, rate in self._pairs:
            if inside is None or id(rate) in inside:
                errors[cell.cluster] += cell.errors
                expected[cell.cluster] += cell.calls * rate.expected / rate.calls
        return {cluster: (errors[cluster], expected[cluster]) for cluster in errors}

    def _cells_of(self, concerned: CauseSet) -> set[int]:
        """The identities of the cells that a cause concerns."""
        return {id(self.cells[position]) for position in self._model.members(concerned)}

    def _lone_cluster(self, candidate: CauseSet) -> str | None:
        """The cluster without which the candidate's errors are not beyond what is usual; None where there is none."""
        clusters = self._by_cluster(candidate)
        top = max(clusters, key=lambda cluster: (clusters[cluster][0] - clusters[cluster][1], cluster))
        observed = sum(errors for errors, _ in clusters.values()) - clusters[top][0]
        usual = sum(expected for _, expected in clusters.values()) - clusters[top][1]
        with_errors = sum(errors > 0 for errors, _ in clusters.values())
        if with_errors < MIN_CLUSTERS or observed <= usual:
            return top
        # The signed root of the deviance is normal where a plain z-score of few expected errors is not.
        deviance = 2 * (observed * math.log(observed / usual) - (observed - usual)) if usual > 0 else math.inf
        return None if deviance >= Z95**2 else top

    def _leave_out_outliers(self) -> None:
        """Leave out each instance that makes much of a tool's errors, and far more of them than is usual."""
        for _ in range(MAX_OUTLIERS):
            self._model.fit(())
            sums: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
            for cell, rate in self._pairs:
                pair = sums[cell.tool][cell.cluster]
                pair[0] += cell.errors
                pair[1] += cell.calls * rate.expected / rate.calls
            worst, name = 0.0, None
            for clusters in sums.values():
                errors = sum(pair[0] for pair in clusters.values())
                usual = sum(pair[1] for pair in clusters.values())
                top = max(clusters, key=lambda cluster: (clusters[cluster][0], cluster))
                o, e = clusters[top]
                if len(clusters) < MIN_CLUSTERS + 1 or errors < OUTLIER_ERRORS or o < OUTLIER_SHARE * errors:
                    continue
                gain = likelihood_ratio(o, e, errors, usual)
                if gain > max(worst, OUTLIER_GAIN):
                    worst, name = gain, top
            if name is None:
                return
            self._leave_out(name)

    def _leave_out(self, cluster: str) -> None:
        self.lone_clusters.append(cluster)
        self.detailed = [cell for cell in self.detailed if cell.cluster != cluster]
        self._index()

    def _index(self) -> None:
        self.cells, self.parts = rate_cells(self.detailed)
        self._model = RateModel(self.cells)
        self._candidates = Candidates(self.detailed, self.parts, self.cells, self.versions)
        self._pairs = list(zip(self.detailed, self.parts, strict=True))

    def _conclude(self, sets: list[CauseSet]) -> None:
        """Fit all causes together, and keep those that are certain."""
        while sets:
            model = self._model.fit(sets)
            dispersion = self._dispersion()
            causes = [self._cause(each, factors, dispersion) for each, factors in zip(sets, model.ratios, strict=True)]
            fewer = without_weak_tools(causes, dispersion)
            if fewer is not None:
                sets = fewer
                continue
            certain = benjamini_hochberg([cause.p_value for cause in causes], FALSE_DISCOVERY_RATE)
            certain = [sure and cause.low > 1 for sure, cause in zip(certain, causes, strict=True)]
            if all(certain):
                self.causes = sorted(causes, key=lambda each: each.total.expected - each.total.errors)
                return
            worst = max(range(len(sets)), key=lambda index: (not certain[index], causes[index].p_value))
            sets = [each for index, each in enumerate(sets) if index != worst]
        self._model.fit(())

    def _cause(self, concerned: CauseSet, factors: dict[str, float], dispersion: float) -> Cause:
        sums: dict[str, tuple[int, int, float]] = {}
        for position in self._model.members(concerned):
            cell = self.cells[position]
            calls, errors, usual = sums.get(cell.tool, (0, 0, 0.0))
            usual += cell.expected / factors["" if concerned.pooled else cell.tool]
            sums[cell.tool] = calls + cell.calls, errors + cell.errors, usual
        effects = {tool: Effect(*each) for tool, each in sums.items()}
        total = sum(effects.values(), Effect(0, 0, 0.0))
        ratio = (total.errors + 0.5) / (total.expected + 0.5)
        spread, degrees = self._spread(concerned, effects)
        span = Z95 * spread
        p_value = self._p_value(concerned, effects, dispersion)
        if self.clusters_differ:
            p_value = max(p_value, t_tail(math.log(ratio) / spread, degrees) * concerned.family)
        return Cause(
            set=concerned,
            ratio=ratio,
            low=ratio * math.exp(-span),
            high=ratio * math.exp(span),
            p_value=min(1.0, p_value),
            tools=dict(sorted(effects.items(), key=lambda item: item[1].expected - item[1].errors)),
            factors=factors,
        )

    def _p_value(self, concerned: CauseSet, effects: Mapping[str, Effect], dispersion: float) -> float:
        """Of the likelihood ratio, times the number of candidates: of its kind, and of sets of tools."""
        totals: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for cell in self.cells:
            pair = totals[cell.tool]
            pair[0] += cell.errors
            pair[1] += cell.expected
        usual = {tool: totals[tool][1] - effect.errors + effect.expected for tool, effect in effects.items()}
        if concerned.pooled:
            whole = sum(effects.values(), Effect(0, 0, 0.0))
            errors = sum(pair[0] for pair in totals.values())
            gain = likelihood_ratio(whole.errors, whole.expected, errors, sum(usual.values()))
            return chi_square_tail(2 * gain / dispersion, 1) * concerned.family
        gain = sum(
            likelihood_ratio(effect.errors, effect.expected, totals[tool][0], usual[tool])
            for tool, effect in effects.items()
        )
        sets_of_tools = math.comb(len(totals), len(effects))
        return chi_square_tail(2 * gain / dispersion, len(effects)) * concerned.family * sets_of_tools

    def _spread(self, concerned: CauseSet, tools: Collection[str]) -> tuple[float, float]:
        """The standard error of the ratio's logarithm and its degrees of freedom, from the residuals of whole clusters.

        The latter are those of as many equal clusters as would make such a variance.
        """
        inside: defaultdict[str, float] = defaultdict(float)
        outside: defaultdict[str, float] = defaultdict(float)
        errors = errors_outside = 0.5
        concerned_cells = self._cells_of(concerned)
        for cell, rate in self._pairs:
            if cell.tool not in tools:
                continue
            residual = cell.errors - cell.calls * rate.expected / rate.calls
            if id(rate) in concerned_cells:
                inside[cell.cluster] += residual
                errors += cell.errors
            else:
                outside[cell.cluster] += residual
                errors_outside += cell.errors
        squares = [(inside[each] / errors - outside[each] / errors_outside) ** 2 for each in {*inside, *outside}]
        total, fourth = sum(squares), sum(each * each for each in squares)
        few = len(inside) / (len(inside) - 1) if len(inside) > 1 else 2.0
        return math.sqrt(max(total * few, 1 / errors)), max(1.0, total * total / fourth - 1) if fourth > 0 else 1.0


def find_causes(
    cells: Iterable[CallCell], versions: Sequence[str], one_in: int = 1, *, clusters_differ: bool = False
) -> CauseSearch:
    """The causes of the errors in some cells; the arguments are those of `CauseSearch`."""
    return CauseSearch(list(cells), versions, one_in, clusters_differ).run()
