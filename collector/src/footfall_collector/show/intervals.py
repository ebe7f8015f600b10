"""How sure a rate is: Wilson's interval, Newcombe's for a difference, and a control of false alarms over many tests.

Sources: E. B. Wilson (1927), "Probable inference"; R. G. Newcombe (1998), "Interval estimation for the difference
between independent proportions", method 10; Y. Benjamini and Y. Hochberg (1995), "Controlling the false discovery
rate".
"""

import math
from collections.abc import Sequence

Z95 = 1.959963984540054


def wilson(hits: int, trials: int, z: float = Z95) -> tuple[float, float]:
    """The interval of a rate, 95 % by default; (0, 1) where nothing was tried."""
    if trials <= 0:
        return 0.0, 1.0
    rate, square = hits / trials, z * z
    middle = (rate + square / (2 * trials)) / (1 + square / trials)
    half = z / (1 + square / trials) * math.sqrt(rate * (1 - rate) / trials + square / (4 * trials * trials))
    # At the ends the interval reaches the rate itself; only the rounding of floats would miss it.
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == trials else min(1.0, middle + half)
    return low, high


def newcombe(after: tuple[int, int], before: tuple[int, int], z: float = Z95) -> tuple[float, float]:
    """The interval of `after`'s rate minus `before`'s; each is (hits, trials)."""
    if after[1] <= 0 or before[1] <= 0:
        return -1.0, 1.0
    p1, p2 = after[0] / after[1], before[0] / before[1]
    (low1, high1), (low2, high2) = wilson(*after, z), wilson(*before, z)
    difference = p1 - p2
    return difference - math.hypot(p1 - low1, high2 - p2), difference + math.hypot(high1 - p1, p2 - low2)


def rise_p_value(after: tuple[int, int], before: tuple[int, int]) -> float:
    """How likely a rise at least this large is by chance if both rates are the same (score test, one-sided)."""
    if after[1] <= 0 or before[1] <= 0:
        return 1.0
    pooled = (after[0] + before[0]) / (after[1] + before[1])
    spread = math.sqrt(pooled * (1 - pooled) * (1 / after[1] + 1 / before[1]))
    if spread == 0:
        return 1.0
    z = (after[0] / after[1] - before[0] / before[1]) / spread
    return math.erfc(z / math.sqrt(2)) / 2


def discoveries(p_values: Sequence[float], false_share: float) -> list[bool]:
    """Which tests to believe so that on average at most `false_share` of what is believed is false."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    last = -1
    for rank, index in enumerate(order):
        if p_values[index] <= false_share * (rank + 1) / len(p_values):
            last = rank
    believed = set(order[: last + 1])
    return [index in believed for index in range(len(p_values))]
