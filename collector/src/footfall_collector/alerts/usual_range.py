"""What is usual on a weekday: the level of the last days, the weekday's share of it, and how far days scatter.

Days are predicted from the days before them, as the present one is, so that the scatter has everything in it: the
variation between days, and that events come in bundles from few instances. Medians keep earlier incidents out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

MIN_DAYS = 21
"""Three of each weekday; before that nothing is said to be unusual."""
_MAD_SCALE = 1.4826
"""From the median of absolute deviations to a standard deviation."""
_WEEK = 7


@dataclass(frozen=True)
class DayCount:
    """A day's number. `exposure`: what it is relative to, such as calls; 1 for a number of its own."""

    day: int
    count: float
    exposure: float = 1.0

    @property
    def rate(self) -> float:
        return self.count / self.exposure


@dataclass(frozen=True)
class Usual:
    """What is expected of a day.

    Attributes:
        rate: the expected number for each unit of exposure.
        dispersion: the variance over that of independent events.
        spread: relative standard deviation that no amount of events removes.
    """

    rate: float
    dispersion: float
    spread: float

    def deviation(self, count: float, exposure: float = 1.0) -> float:
        """Standard deviations of a number from the expected one."""
        expected = self.rate * exposure
        variance = self.dispersion * max(expected, 1.0) + (self.spread * expected) ** 2
        return (count - expected) / math.sqrt(variance)


def usual_on(
    day: int, history: Sequence[DayCount], *, level_days: int, spread: float, min_dispersion: float
) -> Usual | None:
    """What is usual on a day (since 1970), after the days before it, in order; None where they are too few.

    Args:
        day: the day in question.
        history: the days before it, each once; days without exposure are left out.
        level_days: the level is the median of so many days.
        spread: see `Usual`.
        min_dispersion: what is taken where the days scatter less.
    """
    days = [each for each in history if each.exposure > 0]
    if len(days) < MIN_DAYS:
        return None
    shares = _weekday_shares(days)
    level_days = min(level_days, len(days) // 2)
    residuals = []
    for index in range(level_days, len(days)):
        each = days[index]
        expected = _predicted(each.day, days[index - level_days : index], shares) * each.exposure
        residuals.append(abs(each.count - expected) / math.sqrt(max(expected, 1.0)))
    scatter = _MAD_SCALE * median(residuals)
    return Usual(_predicted(day, days[-level_days:], shares), max(min_dispersion, scatter**2), spread)


def _predicted(day: int, before: Sequence[DayCount], shares: dict[int, float]) -> float:
    return median(each.rate / shares[each.day % _WEEK] for each in before) * shares[day % _WEEK]


def _weekday_shares(days: Sequence[DayCount]) -> dict[int, float]:
    """Weekday → its rate relative to that of the week around it."""
    ratios: dict[int, list[float]] = {weekday: [] for weekday in range(_WEEK)}
    for index, each in enumerate(days):
        first = max(0, min(index - _WEEK // 2, len(days) - _WEEK))
        week = sum(other.rate for other in days[first : first + _WEEK]) / _WEEK
        if week > 0:
            ratios[each.day % _WEEK].append(each.rate / week)
    # The ratio 1 counts like one more week: three numbers are few.
    return {
        weekday: max(0.05, (len(found) * median(found) + 1) / (len(found) + 1)) if found else 1.0
        for weekday, found in ratios.items()
    }
