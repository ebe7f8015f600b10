"""The search for the calls whose errors are furthest beyond what is expected: a scan statistic.

Candidates are a provider, a client, a version of Kubernetes, a way of deployment or all calls, from a day on or up to a
day; a provider or all calls for one or two days; versions in a row, of the product, of Kubernetes or of one client; and
a way of deployment. The effect of a candidate is the same for all tools, or differs by tool. Candidates are ranked by
their likelihood ratio, minus what it costs to single them out of their family.

Source: M. Kulldorff (1997), "A spatial scan statistic".
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ...answer import version_key
from .cause_set import CauseKind, CauseSet
from .cube import NO_VALUE, RateCell

TOOL_COST = 3.0
"""The log-likelihood that a tool must gain to be named."""
TOOL_SLACK = 4.0
"""A tool is not of a candidate where another one of the same family fits it better by this much."""
POOLED_COST = 1.0
"""The same for an effect that all tools share."""
_RUN_DAYS = (1, 2)
Span = tuple[int, int]


def likelihood_ratio(observed: float, expected: float, all_observed: float, all_expected: float) -> float:
    """The log-likelihood ratio of a higher rate inside than outside; 0 where it is not higher."""
    outside, expected_outside = all_observed - observed, all_expected - expected
    if expected <= 0 or observed <= 0 or observed * expected_outside <= outside * expected:
        return 0.0
    scale = all_observed / all_expected
    gain = observed * math.log(observed / (expected * scale))
    return gain + (outside * math.log(outside / (expected_outside * scale)) if outside > 0 else 0.0)


class Scan:
    """The candidates among some cells. `versions` are in their order, the oldest first.

    What cells belong to which candidate stays while causes join the model; only the expected errors change.
    """

    def __init__(self, cells: Sequence[RateCell], versions: Sequence[str]) -> None:
        self._days = sorted({cell.day for cell in cells})
        self._layouts = [_Layout(cells, families) for families in _families(cells, versions, self._days)]

    def best_candidates(self, expected: Sequence[float]) -> list[CauseSet]:
        """The best candidate of each kind, of those that gain more than they cost; `expected` errors of each cell."""
        found = []
        for layout in self._layouts:
            best, chosen = 0.0, None
            for family, sums in zip(layout.families, layout.sums(expected), strict=True):
                if not sums:
                    continue
                cost = math.log(family.size)
                for (low, high), (ratio, tools) in zip(family.spans, _gains(family.spans, sums), strict=True):
                    gain = ratio - cost
                    if gain > best:
                        best, chosen = gain, self._candidate(family, low, high, tools)
            if chosen is not None:
                found.append(chosen)
        return found

    def _candidate(self, family: "_Family", low: int, high: int, tools: tuple[str, ...] | None) -> CauseSet:
        pooled, named, days = tools is None, tools or (), self._days
        if family.row:
            return CauseSet(family.kind, tuple(family.row[low:high]), None, None, named, pooled, family.size)
        first, last = days[low] if low else None, days[high] - 1 if high < len(days) else None
        return CauseSet(family.kind, (family.value,), first, last, named, pooled, family.size)


@dataclass(frozen=True)
class _Family:
    """Candidates of one kind and value: ranges (first, end) of positions among the versions or days.

    `size` is the number of candidates of the kind; `row` has the values whose positions they are, none for days.
    """

    kind: CauseKind
    value: str
    size: int
    spans: Sequence[Span]
    length: int
    positions: Mapping[int | str, int]
    row: Sequence[str] = ()


_ToolSums = list[tuple[str, list[float], list[float]]]
"""(tool, errors, expected errors) before each day or version, and of all."""


class _Layout:
    """Where the cells' errors are summed up for the families of one kind: by family, tool and position."""

    def __init__(self, cells: Sequence[RateCell], families: Sequence[_Family]) -> None:
        self.families = families
        # The first slot is for cells that belong to no candidate.
        self._size = 1
        self._begins: list[dict[str, int]] = [{} for _ in families]
        self._slots = [*self._places(cells)]
        self._errors = self._cut(self._summed([float(cell.errors) for cell in cells]))

    def _places(self, cells: Sequence[RateCell]) -> Iterator[int]:
        """The slot of each cell: those of a family and tool are next to each other."""
        kind, by_day = self.families[0].kind, not self.families[0].row
        of_value = {
            value: (family, begins)
            for family, begins in zip(self.families, self._begins, strict=True)
            for value in family.row or (family.value,)
        }
        for cell in cells:
            value = "" if kind == "day" else getattr(cell, kind)
            if value not in of_value:
                yield 0
                continue
            family, begins = of_value[value]
            if cell.tool not in begins:
                begins[cell.tool] = self._size
                self._size += family.length
            yield begins[cell.tool] + family.positions[cell.day if by_day else value]

    def sums(self, expected: Sequence[float]) -> Iterator[_ToolSums]:
        usual = self._cut(self._summed(expected))
        for begins, errors, expected_errors in zip(self._begins, self._errors, usual, strict=True):
            yield [*zip(begins, errors, expected_errors, strict=True)]

    def _summed(self, values: Sequence[float]) -> list[float]:
        sums = [0.0] * self._size
        for slot, value in zip(self._slots, values, strict=True):
            sums[slot] += value
        return sums

    def _cut(self, sums: Sequence[float]) -> list[list[list[float]]]:
        return [
            [[0.0, *accumulate(sums[begin : begin + family.length])] for begin in begins.values()]
            for family, begins in zip(self.families, self._begins, strict=True)
        ]


def _families(cells: Sequence[RateCell], versions: Sequence[str], days: Sequence[int]) -> Iterator[list[_Family]]:
    """The families of each kind that has candidates."""
    by_client: defaultdict[str, set[str]] = defaultdict(set)
    for cell in cells:
        if cell.client_version:
            by_client[cell.client].add(cell.client_version)
    minors = {cell.k8s_version for cell in cells} - {NO_VALUE}
    methods = {cell.deployment for cell in cells} - {NO_VALUE}
    kinds = [
        _rows_of_values("version", [list(versions)], by_row=True),
        _rows_of_values("client_version", list(map(_in_order, by_client.values())), by_row=True),
        _rows_of_values("k8s_version", [_in_order(minors)], by_row=True),
        _rows_of_values("deployment", [sorted(methods)], by_row=False),
        *_families_of_days(cells, days),
    ]
    yield from filter(None, kinds)


def _in_order(values: Iterable[str]) -> list[str]:
    """Versions, or clients with theirs, the oldest first."""
    return sorted(values, key=lambda value: (version_key(value.rpartition(" ")[2]), value))


def _rows_of_values(kind: CauseKind, rows: Sequence[Sequence[str]], by_row: bool) -> list[_Family]:
    """Families of the values of a property: those in a row, or each by itself, but not all of them."""
    spans = []
    for row in rows:
        last = len(row)
        longest = last - 1 if by_row else min(1, last - 1)
        spans.append([(low, high) for low in range(last) for high in range(low + 1, min(last, low + longest) + 1)])
    size = sum(map(len, spans))
    return [
        _Family(kind, "", size, candidates, len(row), {value: index for index, value in enumerate(row)}, row)
        for row, candidates in zip(rows, spans, strict=True)
        if candidates
    ]


def _families_of_days(cells: Sequence[RateCell], days: Sequence[int]) -> Iterator[list[_Family]]:
    changes = _changes(len(days))
    runs = sorted({*changes, *_runs(len(days))})
    positions: dict[int | str, int] = {day: index for index, day in enumerate(days)}
    # A client's bug stays until its next version, as one of a chart or of Kubernetes does; a provider, or whatever all
    # calls need, may fail for some hours.
    spans_of: tuple[tuple[CauseKind, Sequence[Span]], ...] = (
        ("provider", runs),
        ("client", changes),
        ("k8s_version", changes),
        ("deployment", changes),
        ("day", runs),
    )
    for kind, spans in spans_of if changes else ():
        values = [""] if kind == "day" else list(dict.fromkeys(getattr(cell, kind) for cell in cells))
        families = [
            _Family(kind, value, len(values) * len(spans), spans, len(days), positions)
            for value in values
            if kind == "day" or value != NO_VALUE
        ]
        if families:
            yield families


def _runs(days: int) -> set[Span]:
    """One day or two."""
    return {(low, low + length) for length in _RUN_DAYS for low in range(days - length + 1)} - {(0, days)}


def _changes(days: int) -> list[Span]:
    """From a day on, or up to one."""
    return [*((low, days) for low in range(1, days)), *((0, high) for high in range(1, days))]


def _gains(spans: Sequence[Span], sums: _ToolSums) -> Iterator[tuple[float, tuple[str, ...] | None]]:
    """For each span (log-likelihood, tools) of effects that differ by tool, or of one for all tools: None."""
    errors = [sum(column) for column in zip(*(errors for _, errors, _ in sums), strict=True)]
    usual = [sum(column) for column in zip(*(usual for _, _, usual in sums), strict=True)]
    tools_of: defaultdict[int, list[str]] = defaultdict(list)
    by_tool = [0.0] * len(spans)
    for tool, own_errors, own_usual in sums:
        ratios = _ratios(own_errors, own_usual, spans)
        # A tool belongs to a candidate only where no other one of the family fits it clearly better.
        least = max(TOOL_COST, max(ratios) - TOOL_SLACK)
        if max(ratios) <= TOOL_COST:
            continue
        for index, ratio in enumerate(ratios):
            low, high = spans[index]
            if ratio > least and own_errors[high] - own_errors[low] > own_usual[high] - own_usual[low]:
                by_tool[index] += ratio - TOOL_COST
                tools_of[index].append(tool)
    for index, ratio in enumerate(_ratios(errors, usual, spans)):
        pooled = ratio - POOLED_COST
        yield (pooled, None) if pooled >= by_tool[index] else (by_tool[index], tuple(tools_of[index]))


def _ratios(errors: Sequence[float], usual: Sequence[float], spans: Sequence[Span]) -> list[float]:
    """The likelihood ratio of each span; written out, because there are thousands of them."""
    whole, whole_usual, log = errors[-1], usual[-1], math.log
    if whole <= 0 or whole_usual <= 0:
        return [0.0] * len(spans)
    scale, ratios = whole / whole_usual, []
    for low, high in spans:
        inside, expected = errors[high] - errors[low], usual[high] - usual[low]
        outside, expected_outside = whole - inside, whole_usual - expected
        if expected <= 0 or inside <= 0 or inside * expected_outside <= outside * expected:
            ratios.append(0.0)
        elif outside > 0:
            ratios.append(
                inside * log(inside / (expected * scale)) + outside * log(outside / (expected_outside * scale))
            )
        else:
            ratios.append(inside * log(inside / (expected * scale)))
    return ratios
