"""The search for the calls whose errors are furthest beyond what is expected: a scan statistic.

Candidates are a provider, a client or all calls, from a day on or up to a day; a provider or all calls for one or two
days; versions in a row, of the product, of Kubernetes or of one client; and a way of deployment. The effect of a
candidate is the same for all tools, or differs by tool. Candidates are ranked by their likelihood ratio, minus what it
costs to single them out of their family.

Source: M. Kulldorff (1997), "A spatial scan statistic".
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ...answer import version_key
from .cube import NO_VALUE, RateCell
from .error_rates import CauseKind, CauseSet

TOOL_COST = 3.0
"""The log-likelihood that a tool must gain to be named."""
TOOL_SLACK = 4.0
"""A tool is not of a candidate where another one of the same family fits it better by this much."""
POOLED_COST = 1.0
"""The same for an effect that all tools share."""
_RUN_DAYS = (1, 2)
Sums = Mapping[str, tuple[Sequence[float], Sequence[float]]]
"""Tool → (errors, expected errors) before each day or version, and of all."""
Span = tuple[int, int]


def likelihood_ratio(observed: float, expected: float, all_observed: float, all_expected: float) -> float:
    """The log-likelihood ratio of a higher rate inside than outside; 0 where it is not higher."""
    outside, expected_outside = all_observed - observed, all_expected - expected
    if expected <= 0 or observed <= 0 or observed * expected_outside <= outside * expected:
        return 0.0
    scale = all_observed / all_expected
    gain = observed * math.log(observed / (expected * scale))
    return gain + (outside * math.log(outside / (expected_outside * scale)) if outside > 0 else 0.0)


def best_candidates(cells: Sequence[RateCell], versions: Sequence[str]) -> list[CauseSet]:
    """The best candidate of each kind, of those that gain more than they cost.

    `versions` are in their order, the oldest first.
    """
    days = sorted({cell.day for cell in cells})
    best: dict[str, tuple[float, CauseSet]] = {}
    for family in _families(cells, versions, days):
        own = _own_gains(family)
        for low, high in family.spans:
            gain, tools, pooled = _gain(family.sums, low, high, own)
            gain -= math.log(family.size)
            if gain <= max(0.0, best.get(family.kind, (0.0, None))[0]):
                continue
            if family.row:
                found = CauseSet(family.kind, tuple(family.row[low:high]), None, None, tools, pooled, family.size)
            else:
                last = days[high] - 1 if high < len(days) else None
                found = CauseSet(
                    family.kind, (family.value,), days[low] if low else None, last, tools, pooled, family.size
                )
            best[family.kind] = gain, found
    return [found for _, found in best.values()]


@dataclass(frozen=True)
class _Family:
    """Candidates of one kind and value: ranges (first, end) of positions among the versions or days.

    `size` is the number of candidates of the kind; `row` has the values whose positions they are, none for days.
    """

    kind: CauseKind
    value: str
    sums: Sums
    size: int
    spans: Sequence[Span]
    row: Sequence[str] = ()


def _families(cells: Sequence[RateCell], versions: Sequence[str], days: Sequence[int]) -> Iterator[_Family]:
    yield from _rows_of_values("version", [list(versions)], cells, by_row=True)
    by_client: defaultdict[str, set[str]] = defaultdict(set)
    for cell in cells:
        if cell.client_version:
            by_client[cell.client].add(cell.client_version)
    yield from _rows_of_values("client_version", list(map(_in_order, by_client.values())), cells, by_row=True)
    minors = {cell.k8s_version for cell in cells} - {NO_VALUE}
    yield from _rows_of_values("k8s_version", [_in_order(minors)], cells, by_row=True)
    methods = {cell.deployment for cell in cells} - {NO_VALUE}
    yield from _rows_of_values("deployment", [sorted(methods)], cells, by_row=False)
    yield from _families_of_days(cells, days)


def _in_order(values: Iterable[str]) -> list[str]:
    """Versions, or clients with theirs, the oldest first."""
    return sorted(values, key=lambda value: (version_key(value.rpartition(" ")[2]), value))


def _rows_of_values(
    kind: CauseKind, rows: Sequence[Sequence[str]], cells: Sequence[RateCell], by_row: bool
) -> Iterator[_Family]:
    """Families of the values of a property: those in a row, or each by itself, but not all of them."""
    spans = []
    for row in rows:
        last = len(row)
        longest = last - 1 if by_row else min(1, last - 1)
        spans.append([(low, high) for low in range(last) for high in range(low + 1, min(last, low + longest) + 1)])
    size = sum(map(len, spans))
    for row, candidates in zip(rows, spans, strict=True):
        if candidates:
            position = {value: index for index, value in enumerate(row)}
            known = [(position[value], cell) for cell in cells if (value := getattr(cell, kind)) in position]
            yield _Family(kind, "", _sums(known, len(row)), size, candidates, row)


def _families_of_days(cells: Sequence[RateCell], days: Sequence[int]) -> Iterator[_Family]:
    changes = _changes(len(days))
    runs = sorted({*changes, *_runs(len(days))})
    position_of_day = {day: index for index, day in enumerate(days)}
    # A client's bug stays until its next version; a provider, or whatever all calls need, may fail for some hours.
    spans_of: tuple[tuple[CauseKind, Sequence[Span]], ...] = (("provider", runs), ("client", changes), ("day", runs))
    for kind, spans in spans_of if changes else ():
        by_value: defaultdict[str, list[tuple[int, RateCell]]] = defaultdict(list)
        for cell in cells:
            by_value["" if kind == "day" else getattr(cell, kind)].append((position_of_day[cell.day], cell))
        for value, group in by_value.items():
            if kind == "day" or value != NO_VALUE:
                yield _Family(kind, value, _sums(group, len(days)), len(by_value) * len(spans), spans)


def _runs(days: int) -> set[Span]:
    """One day or two."""
    return {(low, low + length) for length in _RUN_DAYS for low in range(days - length + 1)} - {(0, days)}


def _changes(days: int) -> list[Span]:
    """From a day on, or up to one."""
    return [*((low, days) for low in range(1, days)), *((0, high) for high in range(1, days))]


def _sums(cells: Iterable[tuple[int, RateCell]], length: int) -> Sums:
    """Errors and expected errors of each tool before each position, and of all."""
    sums: dict[str, tuple[list[float], list[float]]] = {}
    for position, cell in cells:
        pair = sums.get(cell.tool)
        if pair is None:
            pair = sums[cell.tool] = ([0.0] * length, [0.0] * length)
        pair[0][position] += cell.errors
        pair[1][position] += cell.expected
    return {tool: ([0.0, *accumulate(errors)], [0.0, *accumulate(usual)]) for tool, (errors, usual) in sums.items()}


def _own_gains(family: _Family) -> dict[str, float]:
    """Of each tool the likelihood ratio that it must have to be of a candidate: no other one fits it clearly better."""
    return {
        tool: max(
            likelihood_ratio(errors[high] - errors[low], usual[high] - usual[low], errors[-1], usual[-1])
            for low, high in family.spans
        )
        - TOOL_SLACK
        for tool, (errors, usual) in family.sums.items()
        if errors[-1]
    }


def _gain(sums: Sums, low: int, high: int, own: Mapping[str, float]) -> tuple[float, tuple[str, ...], bool]:
    """(log-likelihood, tools, pooled) of the better of one effect for all tools and effects that differ by tool."""
    inside = expected = total = total_expected = by_tool = 0.0
    tools = []
    for tool, (errors, usual) in sums.items():
        o, e = errors[high] - errors[low], usual[high] - usual[low]
        inside, expected = inside + o, expected + e
        total, total_expected = total + errors[-1], total_expected + usual[-1]
        if o > e and own[tool] > TOOL_COST - TOOL_SLACK:
            ratio = likelihood_ratio(o, e, errors[-1], usual[-1])
            if ratio > max(TOOL_COST, own[tool]):
                by_tool += ratio - TOOL_COST
                tools.append(tool)
    pooled = likelihood_ratio(inside, expected, total, total_expected) - POOLED_COST
    if pooled >= by_tool:
        return pooled, (), True
    return by_tool, tuple(tools), False
