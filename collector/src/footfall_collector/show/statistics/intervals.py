"""Confidence intervals of rates, the comparison of durations by rank, and control of false discoveries.

Sources: E. B. Wilson (1927), "Probable inference"; Y. Benjamini and Y. Hochberg (1995), "Controlling the false
discovery rate".
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Z95 = 1.959963984540054


def wilson_interval(hits: int, trials: int, z: float = Z95) -> tuple[float, float]:
    """The interval of a rate, 95 % by default; (0, 1) without trials."""
    if trials <= 0:
        return 0.0, 1.0
    rate, square = hits / trials, z * z
    middle = (rate + square / (2 * trials)) / (1 + square / trials)
    half = z / (1 + square / trials) * math.sqrt(rate * (1 - rate) / trials + square / (4 * trials * trials))
    # At 0 and 1 the interval reaches the rate itself; rounding of floats would miss it.
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == trials else min(1.0, middle + half)
    return low, high


def benjamini_hochberg(p_values: Sequence[float], false_discovery_rate: float) -> list[bool]:
    """For each test whether it is significant, so that on average at most `false_discovery_rate` of those are false."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    last = -1
    for rank, index in enumerate(order):
        if p_values[index] <= false_discovery_rate * (rank + 1) / len(p_values):
            last = rank
    significant = set(order[: last + 1])
    return [index in significant for index in range(len(p_values))]


def t_tail(value: float, degrees: float) -> float:
    """The probability of a t-distributed number of at least `value` in either direction; 1 where it isn't above 0.

    By the normal distribution after Wallace's transformation.

    Source: D. L. Wallace (1959), "Bounds on normal approximations to Student's and the chi-square distributions".
    """
    if value <= 0:
        return 1.0
    normal = (8 * degrees + 1) / (8 * degrees + 3) * math.sqrt(degrees * math.log1p(value * value / degrees))
    return math.erfc(normal / math.sqrt(2))


def chi_square_tail(value: float, degrees: int) -> float:
    """The probability of a chi-square of at least `value` with some degrees of freedom."""
    if value <= 0:
        return 1.0
    half = value / 2
    if degrees % 2:
        tail, term, order = math.erfc(math.sqrt(half)), math.sqrt(half / math.pi) * 2 * math.exp(-half), 1.5
    else:
        tail, term, order = math.exp(-half), half * math.exp(-half), 2.0
    for _ in range((degrees - 1) // 2):
        tail += term
        term *= half / order
        order += 1
    return min(1.0, tail)


Histogram = Mapping[float, int]
"""Value → number of occurrences."""


@dataclass(frozen=True)
class RankComparison:
    """Two samples compared by rank.

    Attributes:
        share: of all pairs, those whose first value is the larger one; a tie counts half.
        low: lower end of the share's 95 % interval.
        high: its upper end.
        p_value: the probability of a share at least this large if both samples are alike (one-sided).
    """

    share: float
    low: float
    high: float
    p_value: float


def compare_by_rank(after: Histogram, before: Histogram, z: float = Z95) -> RankComparison:
    """The Mann-Whitney test with ties; the interval is on the logit scale, with Hanley and McNeil's variance.

    Sources: H. B. Mann and D. R. Whitney (1947), "On a test of whether one of two random variables is stochastically
    larger"; J. A. Hanley and B. J. McNeil (1982), "The meaning and use of the area under a ROC curve".
    """
    m, n = sum(after.values()), sum(before.values())
    if not m or not n:
        return RankComparison(0.5, 0.0, 1.0, 1.0)
    wins, tied, below = 0.0, 0, 0
    for value in sorted({*after, *before}):
        a, b = after.get(value, 0), before.get(value, 0)
        wins += a * (below + b / 2)
        below += b
        tied += (a + b) ** 3 - (a + b)
    share, total = wins / (m * n), m + n
    variance = (total + 1 - tied / (total * (total - 1))) / (12 * m * n)
    p_value = math.erfc((share - 0.5) / math.sqrt(2 * variance)) / 2 if variance > 0 else 1.0
    low, high = _logit_interval(share, m, n, z)
    return RankComparison(share, low, high, p_value)


def _logit_interval(share: float, m: int, n: int, z: float) -> tuple[float, float]:
    # At 0 and 1 the logit is infinite; half a pair on either side keeps it finite.
    middle = min(max(share, 0.5 / (m * n + 1)), 1 - 0.5 / (m * n + 1))
    first, second = middle / (2 - middle), 2 * middle**2 / (1 + middle)
    variance = middle * (1 - middle) + (m - 1) * (first - middle**2) + (n - 1) * (second - middle**2)
    spread = z * math.sqrt(max(variance, 0.0) / (m * n)) / (middle * (1 - middle))
    centre = math.log(middle / (1 - middle))
    low, high = (1 / (1 + math.exp(-(centre + side))) for side in (-spread, spread))
    return min(low, share), max(high, share)


def histogram_median(values: Histogram) -> float | None:
    """The middle value, or the mean of the two middle ones; None without values."""
    total, so_far, low = sum(values.values()), 0, None
    for value in sorted(values):
        so_far += values[value]
        if low is None and so_far > (total - 1) // 2:
            low = value
        if low is not None and so_far > total // 2:
            return (low + value) / 2
    return None
