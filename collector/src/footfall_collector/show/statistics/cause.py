"""A cause of errors with its effect, and lists of causes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .cause_set import CauseSet
from .cube import RateCell
from .scan import TOOL_COST


@dataclass(frozen=True)
class Effect:
    """Calls under a cause, their errors, and how many errors are usual for them."""

    calls: int
    errors: int
    expected: float

    @property
    def deviance(self) -> float:
        """Twice the log-likelihood ratio of more errors than usual; 0 where there are not more."""
        if self.errors <= self.expected:
            return 0.0
        if self.expected <= 0:
            return math.inf
        return 2 * (self.errors * math.log(self.errors / self.expected) - (self.errors - self.expected))

    def __add__(self, other: "Effect") -> "Effect":
        return Effect(self.calls + other.calls, self.errors + other.errors, self.expected + other.expected)


@dataclass(frozen=True)
class Cause:
    """A cause of errors.

    Attributes:
        set: the calls that it concerns.
        ratio: of the errors to the usual ones.
        low: lower end of the ratio's 95 % interval.
        high: its upper end.
        p_value: of the ratio, corrected for the number of candidates.
        tools: each tool's effect, the tool with the largest excess first.
        factors: the factor of the model for each tool; for "" where all tools share it.
    """

    set: CauseSet
    ratio: float
    low: float
    high: float
    p_value: float
    tools: Mapping[str, Effect]
    factors: Mapping[str, float]

    @property
    def total(self) -> Effect:
        """The effect on all tools."""
        return sum(self.tools.values(), Effect(0, 0, 0.0))

    def ended(self, last_day: int) -> "Cause":
        """The cause; one that begins on the last day ends with it."""
        if self.set.first_day is None or self.set.first_day < last_day:
            return self
        return replace(self, set=replace(self.set, last_day=last_day))

    def excess(self, cell: RateCell) -> float:
        """Of a cell's expected errors, those that the cause adds."""
        if not self.set.includes(cell):
            return 0.0
        factor = self.factors["" if self.set.pooled else cell.tool]
        return cell.expected * (1 - 1 / factor) if factor > 0 else 0.0


def without_weak_tools(causes: Sequence[Cause], dispersion: float) -> list[CauseSet] | None:
    """The causes without tools that are no longer beyond chance beside the others; None where there are none such."""
    sets = []
    for cause in causes:
        kept = tuple(tool for tool, effect in cause.tools.items() if effect.deviance / dispersion >= 2 * TOOL_COST)
        sets.append(cause.set if cause.set.pooled else replace(cause.set, tools=kept))
    if all(len(each.tools) == len(cause.set.tools) for each, cause in zip(sets, causes, strict=True)):
        return None
    return [each for each in sets if each.pooled or each.tools]


def with_cause(sets: list[CauseSet], candidate: CauseSet) -> list[CauseSet]:
    """The causes with one more; a cause of the same calls takes the tools of both."""
    for index, each in enumerate(sets):
        if _calls_of(each) == _calls_of(candidate):
            pooled = each.pooled or candidate.pooled
            tools = () if pooled else (*each.tools, *(tool for tool in candidate.tools if tool not in each.tools))
            return [*sets[:index], replace(candidate, tools=tools, pooled=pooled), *sets[index + 1 :]]
    return [*sets, candidate]


def _calls_of(each: CauseSet) -> CauseSet:
    return replace(each, tools=(), pooled=False, family=1)
