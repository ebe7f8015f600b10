"""What explains that calls take longer, or shorter, on one side than on the other."""

import math
from collections.abc import Collection, Sequence
from dataclasses import replace

import msgspec

from ...answer import EventsUnreadableError, FilterError, round_amount
from ..insight import NBSP, format_change, format_milliseconds
from ..statistics import FALSE_DISCOVERY_RATE, Z95, Cause, CauseSearch, find_causes, read_timed_cells
from .contributions import SHIFTS, Contribution, SegmentPair, real_difference
from .duration_rows import A, B, DurationRows, Slowdown
from .explanation import (
    Explanation,
    Finding,
    FindingKind,
    calls_text,
    largest_first,
    share_of,
    share_text,
    shift_kind,
    worse_tools,
)
from .measures import PERCENTILES, Measured, compare_percentiles
from .sides import (
    CONDITIONS_NOTE,
    MOMENTS_NOTE,
    ComparedCalls,
    ComparedSides,
    counted_calls,
    counted_source,
    nothing_to_compare,
)

NAMES = {"median": "the median", "p95": "the 95th percentile", "p99": "the 99th percentile"}
NOTE = (
    "A call is slow where it takes longer than the percentile of its tool on the side that is compared with. What "
    "makes calls slow is looked for as what makes them fail: a model of each tool's usual share of slow calls with "
    "each client and provider is compared with what happened. Named are days on which a provider or all calls were "
    "slow; clients, versions of Kubernetes and deployments, also such that are slow since some day; and versions of "
    "the product and of clients, whichever fits best, corrected for the number of alternatives and, by Benjamini-"
    "Hochberg, of findings. How many times as long calls take is the factor without which no more of them than usual "
    "would be slow; the effect is what the percentile of the side would lose by it. Shifts of calls between tools, "
    "clients and providers are distinguished from that. Intervals are 95 %, from the variation between instances; one"
    " instance alone is no cause, and what it adds is left out. Durations are read from raw events: in a large store "
    "those of one in `one_in` instances and of one day in `one_day_in`, whose calls the findings count; the calls of "
    f"both sides are those of all. {MOMENTS_NOTE} {CONDITIONS_NOTE}"
)


def explain_durations(compared: ComparedSides, measure: str) -> Explanation:
    """`measure` is one of `PERCENTILES`. Raises FilterError where raw events of the range can't be read."""
    source, versions = counted_source(compared.source, compared.wanted)
    compared = replace(compared, source=source)
    try:
        timed, sample = read_timed_cells(source, versions, compared.anchor)
    except EventsUnreadableError as error:
        raise FilterError(f"Durations are explained from raw events: {error}") from error
    rows = DurationRows(timed, compared.chosen, PERCENTILES[measure])
    search = find_causes(rows.slow_cells(thinned=True), versions, sample.one_in, clusters_differ=True)
    rows.leave_out(search.lone_clusters)
    measured = compare_percentiles(measure, rows.values(A), rows.values(B))
    sides = compared.sides_of(cell for cell, _ in timed)
    segment, against = (
        side.compared(*total, value)
        for side, total, value in zip(sides, compared.totals(), (measured.a, measured.b), strict=True)
    )
    pair = SegmentPair(CauseSearch(rows.slow_cells(), versions), *compared.chosen)
    findings, whole = _findings(rows, search, pair, measured, compared.told_apart) if all(pair.calls) else ([], None)
    return Explanation.as_of_now(
        _answer(NAMES[measure], segment, against, findings, whole is None),
        (segment, against),
        (measured.difference, measured.low, measured.high),
        findings,
        whole,
        measure=measure,
        unit="milliseconds",
        one_in=sample.one_in,
        one_day_in=sample.one_day_in,
        note=NOTE,
    )


def _findings(
    rows: DurationRows, search: CauseSearch, pair: SegmentPair, measured: Measured, told_apart: Collection[str]
) -> tuple[list[Finding], float | None]:
    """The largest share first; and the difference, None where chance explains it."""
    causes = [(cause, rows.slowdown(cause, search.dispersion)) for cause in _ended(search)]
    whole = _real_difference(measured, sum(slowdown.part.effect for _, slowdown in causes))
    found = [_cause_finding(measured.name, *each, whole) for each in causes]
    shifts = [
        _shift_finding(measured.name, name, part, whole)
        for name, part in rows.shifts(pair).items()
        if name not in told_apart and _is_certain(part)
    ]
    return largest_first([*found, *(each for each in shifts if each.is_shown)]), whole


def _is_certain(part: Contribution) -> bool:
    """Whether a shift is beyond chance, corrected for the number of shifts."""
    spread = (part.high - part.low) / (2 * Z95)
    p_value = math.erfc(abs(part.effect) / spread / math.sqrt(2)) if spread > 0 else 1.0
    return p_value * len(SHIFTS) <= FALSE_DISCOVERY_RATE


def _real_difference(measured: Measured, of_causes: float) -> float | None:
    """The difference; None where no more than chance is behind it."""
    difference, low, high = measured.difference, measured.low, measured.high
    return (
        None if difference is None or low is None or high is None else real_difference(difference, low, high, of_causes)
    )


def _ended(search: CauseSearch) -> Sequence[Cause]:
    """The causes; one that is seen on the last day only ends with it."""
    last = max(cell.day for cell in search.cells)
    return [cause.ended(last) for cause in search.causes]


def _cause_finding(measure: str, cause: Cause, slowdown: Slowdown, difference: float | None) -> Finding:
    part, name = slowdown.part, NAMES[measure]
    text = (
        f"{name[:1].upper()}{name[1:]} of {calls_text(slowdown.calls, cause.set, worse_tools(cause))} is "
        f"{format_milliseconds(slowdown.duration)}, where {format_milliseconds(slowdown.usual)} is usual "
        f"({slowdown.ratio:.1f} times as long, {slowdown.ratio_low:.1f} to {slowdown.ratio_high:.1f}). "
        f"{_part_text(measure, part, difference)}"
    )
    return msgspec.structs.replace(
        Finding.of_cause(cause, part, share_of(part, difference), text),
        calls=slowdown.calls,
        duration=round_amount(slowdown.duration),
        usual_duration=round_amount(slowdown.usual),
        ratio=slowdown.ratio,
        ratio_low=slowdown.ratio_low,
        ratio_high=slowdown.ratio_high,
    )


def _shift_finding(measure: str, name: str, part: Contribution, difference: float | None) -> Finding:
    kind: FindingKind = shift_kind(name)
    longer = "longer" if part.effect > 0 else "less long"
    text = f"A larger part of the calls has {kind} that usually take {longer}. {_part_text(measure, part, difference)}"
    return Finding.of_shift(kind, part, share_of(part, difference), text)


def _part_text(measure: str, part: Contribution, difference: float | None) -> str:
    if difference is not None:
        return share_text(part.effect / difference)
    low, high = (format_change(each) for each in (part.low, part.high))
    return f"By itself it moves {NAMES[measure]} of all calls by {low} to {high}{NBSP}ms."


def _answer(
    name: str, segment: ComparedCalls, against: ComparedCalls, findings: Sequence[Finding], by_chance: bool
) -> str:
    if segment.value is None or against.value is None:
        return nothing_to_compare(against if against.value is None else segment)
    text = (
        f"**{format_milliseconds(segment.value)}** is {name} of {counted_calls(segment)}, "
        f"{format_milliseconds(against.value)} that of {counted_calls(against, noun=False)}"
    )
    first = findings[0].text if findings else ""
    if by_chance:
        return " ".join(filter(None, (f"{text}: no more than chance explains.", first)))
    return f"{text}. {first or 'No breakdown accounts for the difference beyond chance.'}"
