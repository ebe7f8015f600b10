"""Durations of two versions compared by rank, among calls that are alike: of one client, provider and day.

Within each stratum the ranks of both versions' durations are compared (van Elteren's test, a stratified Mann-Whitney
test). So a client, a provider or a day on which everything is slow is no difference of versions. The variance is that
of whole clusters, because calls of one instance depend on each other. Versions that hardly run on the same days are
compared over all of their days; then days are clusters too, since a slow day slows all of its calls.

Sources: P. H. van Elteren (1960), "On the combination of independent two sample tests of Wilcoxon"; K. Y. Liang and
S. L. Zeger (1986), "Longitudinal data analysis using generalized linear models" (the cluster-robust variance).
"""

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from statistics import median
from typing import NamedTuple

from .cube import MIN_CALLS
from .intervals import Z95, RankComparison

MIN_GROUPS = 3
"""Clusters of each version that a comparison needs; and days, where versions don't share them."""
MAX_TIMES_MEDIAN = 2.0
"""The calls of a cluster on a day weigh at most as much as so many times those of the median one."""
MAX_OUTLIERS, OUTLIER_SHARE = 3, 0.3
"""Clusters that are left out, and the share of the variance that one must make for that."""
_LEAST_OTHERS = 0.25
"""Residuals are enlarged four times at most."""
NO_DIFFERENCE = RankComparison(0.5, 0.0, 1.0, 1.0)


class DurationCell(NamedTuple):
    """The calls of one tool that are alike.

    Attributes:
        day: days since 1970, UTC.
        cluster: calls of one cluster depend on each other; an instance.
        value: their duration in ms.
    """

    day: int
    version: str
    client: str
    provider: str
    cluster: str
    value: float
    calls: float


class _Score(NamedTuple):
    """A cell in its stratum.

    Attributes:
        rank: from -0.5 to 0.5.
        side: how far its version is from the stratum's mean, -1 to 1.
        others: the share of the stratum's calls that is of other clusters.
    """

    cell: DurationCell
    rank: float
    side: float
    others: float


def compare_within_strata(cells: Iterable[DurationCell], after: str, before: str) -> RankComparison:
    """The share of pairs of alike calls in which that of `after` takes longer; a tie counts half.

    The interval and the p-value (one-sided) hold without the cluster that adds most to the difference.
    """
    both = _with_capped_clusters([cell for cell in cells if cell.version in (after, before)])
    scores, by_day = _scores(both, after, _client_provider_day), False
    if not _is_enough(scores, after):
        scores, by_day = _scores(both, after, _client_provider), True
        if not _is_enough(scores, after) or not _has_days(scores, after):
            return NO_DIFFERENCE
    key = _client_provider if by_day else _client_provider_day
    whole = _compared(scores, by_day=by_day)
    for _ in range(MAX_OUTLIERS):
        outlier = _outlier(scores, whole.share - 0.5)
        if outlier is None:
            break
        both = [cell for cell in both if cell.cluster != outlier]
        scores = _scores(both, after, key)
        whole = _compared(scores, by_day=by_day)
    top = _top_cluster(scores, whole.share)
    without = [cell for cell in both if cell.cluster != top]
    others = _compared(_scores(without, after, key), by_day=by_day)
    return RankComparison(whole.share, min(whole.low, others.low), whole.high, max(whole.p_value, others.p_value))


def _outlier(scores: Sequence[_Score], slope: float) -> str | None:
    """The cluster that makes much of the variance by itself: with it, nothing could be seen; None without one."""
    squares = {cluster: value**2 for cluster, value in _residuals(scores, slope, lambda cell: cell.cluster).items()}
    top = max(squares, key=lambda cluster: squares[cluster], default=None)
    is_outlier = len(squares) > 2 * MIN_GROUPS and squares[top] > OUTLIER_SHARE * sum(squares.values())
    return str(top) if is_outlier else None


def _with_capped_clusters(cells: Sequence[DurationCell]) -> list[DurationCell]:
    """The cells, whose calls weigh less where a cluster has far more of them on a day than others: it hides nothing."""
    totals: defaultdict[tuple[str, int], float] = defaultdict(float)
    for cell in cells:
        totals[cell.cluster, cell.day] += cell.calls
    most = MAX_TIMES_MEDIAN * median(totals.values()) if totals else 0.0
    return [cell._replace(calls=cell.calls * min(1.0, most / totals[cell.cluster, cell.day])) for cell in cells]


def _client_provider(cell: DurationCell) -> Hashable:
    return cell.client, cell.provider


def _client_provider_day(cell: DurationCell) -> Hashable:
    return cell.client, cell.provider, cell.day


def _scores(cells: Iterable[DurationCell], after: str, stratum: Callable[[DurationCell], Hashable]) -> list[_Score]:
    """Those of the strata in which both versions have calls."""
    strata: defaultdict[Hashable, list[DurationCell]] = defaultdict(list)
    for cell in cells:
        strata[stratum(cell)].append(cell)
    return [score for group in strata.values() for score in _ranked(group, after)]


def _ranked(group: list[DurationCell], after: str) -> Iterable[_Score]:
    total = sum(cell.calls for cell in group)
    part = sum(cell.calls for cell in group if cell.version == after) / total
    if not 0 < part < 1:
        return
    calls: defaultdict[float, float] = defaultdict(float)
    for cell in group:
        calls[cell.value] += cell.calls
    ranks, below = {}, 0.0
    for value, number in sorted(calls.items()):
        ranks[value] = (below + number / 2) / total - 0.5
        below += number
    of_cluster: defaultdict[str, float] = defaultdict(float)
    for cell in group:
        of_cluster[cell.cluster] += cell.calls
    for cell in group:
        others = 1 - of_cluster[cell.cluster] / total
        yield _Score(cell, ranks[cell.value], (cell.version == after) - part, others)


def _is_enough(scores: Sequence[_Score], after: str) -> bool:
    """Whether both versions have enough calls, of enough clusters."""
    for is_after in (True, False):
        of_side = [each.cell for each in scores if (each.cell.version == after) is is_after]
        if sum(cell.calls for cell in of_side) < MIN_CALLS or len({cell.cluster for cell in of_side}) < MIN_GROUPS:
            return False
    return True


def _has_days(scores: Sequence[_Score], after: str) -> bool:
    sides = ({each.cell.day for each in scores if (each.cell.version == after) is side} for side in (True, False))
    return all(len(days) >= MIN_GROUPS for days in sides)


def _compared(scores: Sequence[_Score], *, by_day: bool) -> RankComparison:
    weight = sum(each.side**2 * each.cell.calls for each in scores)
    if weight <= 0:
        return NO_DIFFERENCE
    slope = sum(each.side * each.rank * each.cell.calls for each in scores) / weight
    spread = _spread(scores, slope, lambda cell: cell.cluster) / weight
    if by_day:
        spread = max(spread, _spread(scores, slope, lambda cell: cell.day) / weight)
    share = 0.5 + slope
    p_value = math.erfc(slope / (math.sqrt(2) * spread)) / 2 if spread > 0 else float(slope <= 0)
    return RankComparison(share, max(0.0, share - Z95 * spread), min(1.0, share + Z95 * spread), p_value)


def _spread(scores: Sequence[_Score], slope: float, cluster: Callable[[DurationCell], Hashable]) -> float:
    """The standard error of the slope's numerator, from the residuals of whole clusters."""
    sums = _residuals(scores, slope, cluster)
    few = len(sums) / (len(sums) - 1) if len(sums) > 1 else 2.0
    return math.sqrt(few * sum(value**2 for value in sums.values()))


def _residuals(
    scores: Sequence[_Score], slope: float, cluster: Callable[[DurationCell], Hashable]
) -> dict[Hashable, float]:
    """Cluster → what it adds to the slope's numerator beyond the slope.

    A cluster pulls its strata's means and the slope towards itself: its residuals are enlarged by that (as a jackknife
    would), without which a few dozen instances would seem more alike than they are.
    """
    sums: defaultdict[Hashable, list[float]] = defaultdict(lambda: [0.0, 0.0])
    weight = 0.0
    for each in scores:
        pair, own = sums[cluster(each.cell)], each.side**2 * each.cell.calls
        pair[0] += each.side * (each.rank - slope * each.side) * each.cell.calls / max(each.others, _LEAST_OTHERS)
        pair[1] += own
        weight += own
    return {name: value / max(1 - own / weight, _LEAST_OTHERS) for name, (value, own) in sums.items()}


def _top_cluster(scores: Sequence[_Score], share: float) -> str:
    """The cluster without which the difference would be smallest."""
    added: defaultdict[str, float] = defaultdict(float)
    for each in scores:
        added[each.cell.cluster] += each.side * (each.rank - (share - 0.5) * each.side) * each.cell.calls
    return max(added, key=lambda cluster: (added[cluster], cluster))
