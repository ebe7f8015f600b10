"""The cells of one rate as one sum, and the fit of their expected errors by iterative proportional scaling.

Cells of one tool, client and provider that the same causes concern have one rate, so only their sums are fitted.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from operator import attrgetter

from .cause_set import CauseSet

SHRINKAGE = 5.0
"""Errors that a factor of 1 weighs."""
SWEEPS = 8


class CellSum:
    """The calls of cells that have one rate; `causes` has a bit for each cause that concerns them."""

    __slots__ = ("calls", "causes", "client", "errors", "expected", "provider", "tool")

    def __init__(self, tool: str, client: str, provider: str, causes: int, calls: int = 0, errors: int = 0) -> None:
        self.tool, self.client, self.provider, self.causes = tool, client, provider, causes
        self.calls, self.errors = calls, errors
        self.expected = 0.0

    def part(self, causes: int, calls: int, errors: int) -> "CellSum":
        """Some of its cells, which causes concern."""
        return CellSum(self.tool, self.client, self.provider, causes, calls, errors)


class SumsFit:
    """The fit of some sums under causes. It sets the `expected` of each.

    Attributes:
        ratios: for each cause its factor by tool; by "" where it is pooled.
    """

    def __init__(self, sums: Sequence[CellSum], causes: Sequence[CauseSet]) -> None:
        self.ratios = [dict.fromkeys(("",) if cause.pooled else cause.tools, 1.0) for cause in causes]
        self._sums = sums
        _start(sums)
        self._groups = _groups(sums)
        inside = [[one for one in sums if one.causes >> index & 1] for index in range(len(causes))]
        for _ in range(SWEEPS):
            for cause, ratios, concerned in zip(causes, self.ratios, inside, strict=True):
                _scale_cause(cause, ratios, concerned)
            for group in self._groups:
                group.scale()

    def likelihood(self) -> float:
        """The log-likelihood with what its factors cost, up to a constant of the cells."""
        likelihood = 0.0
        for one in self._sums:
            if one.errors:
                likelihood += one.errors * math.log(max(one.expected / one.calls, 1e-12))
            likelihood -= one.expected
        for group in self._groups:
            if group.shrinkage:
                likelihood += group.shrinkage * (math.log(group.factor) - group.factor)
        return likelihood


def _start(sums: Sequence[CellSum]) -> None:
    """Begin with the rates of the calls that no cause concerns: from those, few sweeps reach the end."""
    calls: defaultdict[str, float] = defaultdict(lambda: 1.0)
    errors: defaultdict[str, float] = defaultdict(lambda: 0.5)
    for one in sums:
        if not one.causes:
            calls[one.tool] += one.calls
            errors[one.tool] += one.errors
    for one in sums:
        one.expected = one.calls * errors[one.tool] / calls[one.tool]


def _groups(sums: Sequence[CellSum]) -> list["_Group"]:
    groups = []
    for names, shrinkage in ((("tool",), 0.0), (("tool", "client"), SHRINKAGE), (("tool", "provider"), SHRINKAGE)):
        key = attrgetter(*names)
        alike: defaultdict[object, list[CellSum]] = defaultdict(list)
        for one in sums:
            alike[key(one)].append(one)
        groups += [_Group(group, shrinkage) for group in alike.values()]
    return groups


class _Group:
    """Sums that share a factor; a `shrinkage` of 0 leaves it free."""

    __slots__ = ("errors", "factor", "shrinkage", "sums")

    def __init__(self, sums: list[CellSum], shrinkage: float) -> None:
        self.sums, self.shrinkage, self.factor = sums, shrinkage, 1.0
        self.errors = sum(one.errors for one in sums)

    def scale(self) -> None:
        """Bring the expected errors to the observed ones, as far as shrinkage lets."""
        expected = 0.0
        for one in self.sums:
            expected += one.expected
        if expected <= 0:
            return
        after = (self.errors + self.shrinkage) / (expected / self.factor + self.shrinkage)
        scale = after / self.factor
        if scale > 0:
            self.factor = after
            for one in self.sums:
                one.expected *= scale


def _scale_cause(cause: CauseSet, ratios: dict[str, float], concerned: Sequence[CellSum]) -> None:
    observed, expected = dict.fromkeys(ratios, 0.0), dict.fromkeys(ratios, 0.0)
    for one in concerned:
        name = "" if cause.pooled else one.tool
        observed[name] += one.errors
        expected[name] += one.expected / ratios[name]
    # The floors keep a factor finite where a tool has no errors without the cause, and above 0.
    after = {name: max(observed[name], 0.5) / max(expected[name], 0.25) for name in ratios}
    for one in concerned:
        name = "" if cause.pooled else one.tool
        one.expected *= after[name] / ratios[name]
    ratios.update(after)
