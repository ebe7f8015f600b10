"""What explains that there are more calls, or instances, on one side than on the other; or fewer."""

from collections.abc import Collection, Sequence
from typing import Literal

import msgspec

from ....answer import counts_by_instance, days_of
from ....runtime import quantity
from ...insight import code, format_percent, tool_name
from ...statistics import MAX_DAYS, MIN_CALLS, CallCell, read_call_cells
from ..contributions import Contribution, real_difference
from ..explanation import (
    NO_DIFFERENCE,
    Explanation,
    Finding,
    FindingKind,
    largest_first,
    share_of,
    share_text,
)
from ..sides import CONDITIONS_NOTE, ComparedCalls, ComparedSides, counted_source, day_name, side_text
from .rows import KINDS, OF_INSTANCES, call_rows, instance_rows, scaled, without_lone
from .search import CountRow, Grown, difference_of, find_grown

CountMeasure = Literal["calls", "instances"]
COUNTS: tuple[CountMeasure, ...] = ("calls", "instances")
MIN_EFFECT = 0.5
"""A finding of less rounds to none, and is left out."""
MIN_INSTANCES = 5
"""A value of fewer instances is not distinguished."""
REPLACED: tuple[FindingKind, ...] = ("version", "client_version", "k8s_version")
SUBJECTS: dict[FindingKind, str] = {
    "tool": "Tool",
    "client": "Client",
    "provider": "AI provider",
    "version": "Version",
    "client_version": "Client",
    "k8s_version": "Kubernetes",
    "deployment": "Deployment",
}
NOTE = (
    "A finding is a value that did not change as all others did: what it has more, or less, than in proportion to them."
    " The strongest is taken out with all its calls before the next is looked for, so that none is named for what "
    "another explains; shares and the even change of all others add up to the difference. Looked at are tools, clients "
    "and their versions, AI providers, versions, Kubernetes and deployments, and days where two periods are compared; "
    "for the number of instances, which counts those that last, not tools and days. An instance is what it was in most "
    "of its calls of the first side, so that an upgrade moves no calls, and versions that fall from period to period "
    "are not named: new ones replace them. Intervals are 95 %, from the variation between instances; those of far more "
    "calls than others count in part in whether a finding is certain. Findings are corrected for the number of values "
    "and, by Benjamini-Hochberg, of findings, and must hold "
    "without the instance that adds most. Instances that alone make much of the difference are left out of findings. A "
    "range is compared with the mean of equal periods before it, on the same weekdays, as far as it is over: to the "
    "second in ranges of up to two days, else by whole days. Of a large fleet one in `one_in` instances is analysed, "
    "and the numbers are those of all."
)


def explain_counts(compared: ComparedSides, measure: CountMeasure) -> Explanation:
    source = compared.source
    _, versions = counted_source(source, compared.wanted)
    cells, one_in = read_call_cells(source, versions, compared.anchor)
    totals = compared.totals()
    rows, values = _rows(compared, measure, cells, totals, one_in)
    sides = compared.sides_of(cells)
    segment, against = (side.compared(*total, value) for side, total, value in zip(sides, totals, values, strict=True))
    difference = difference_of(rows) if all(values) else None
    alike, alone = without_lone(rows) if difference is not None and measure == "calls" else (rows, [])
    positions, rising = _positions(compared, measure), _rising(compared)
    grown = find_grown(alike, positions, _least(measure), rising) if difference is not None else []
    whole = None if difference is None else _real(difference, grown)
    findings = _findings(measure, grown, whole)
    return Explanation.as_of_now(
        _answer(measure, compared, (segment, against), findings, alone, whole),
        (segment, against),
        NO_DIFFERENCE if difference is None else (difference.effect, difference.low, difference.high),
        findings,
        whole,
        measure=measure,
        unit=measure,
        one_in=one_in,
        one_day_in=1,
        note=f"{NOTE} {CONDITIONS_NOTE}",
    )


def _rows(
    compared: ComparedSides,
    measure: CountMeasure,
    cells: Sequence[CallCell],
    totals: Sequence[tuple[int, int]],
    one_in: int,
) -> tuple[list[CountRow], tuple[float, float]]:
    """The rows, in numbers of all instances, and both sides' sums."""
    if measure == "instances":
        source = compared.source
        lasting = {
            str(each)
            for part, _ in source.parts
            for each in counts_by_instance(source.answers, part, source.segment, lasting_only=True)
        }
        rows = instance_rows(cells, compared, lasting)
        rows = scaled(rows, (one_in, one_in))
    else:
        rows = call_rows(cells, compared)
        read = sum(row.now for row in rows), sum(row.before for row in rows)
        wanted = totals[0][0], totals[1][0] / compared.earlier
        first, second = (number / part if part else 1.0 for number, part in zip(wanted, read, strict=True))
        rows = scaled(rows, (first, second))
    return rows, (sum(row.now for row in rows), sum(row.before for row in rows))


def _positions(compared: ComparedSides, measure: CountMeasure) -> list[int]:
    """Of the properties that are looked at."""
    first, last = days_of(compared.source.filters)
    days_differ = compared.shift > 0 and last - first < MAX_DAYS and measure == "calls"
    left_out: Collection[str] = (*compared.told_apart, *(() if days_differ else ("day",)))
    kinds = KINDS if measure == "calls" else OF_INSTANCES
    return [position for position, kind in enumerate(KINDS) if kind in kinds and kind not in left_out]


def _rising(compared: ComparedSides) -> list[int]:
    """Versions that fall from one period to the next are replaced: nobody begins with them any more."""
    return [KINDS.index(kind) for kind in REPLACED] if compared.shift else []


def _least(measure: CountMeasure) -> float:
    return float(MIN_CALLS if measure == "calls" else MIN_INSTANCES)


def _real(difference: Contribution, grown: Sequence[Grown]) -> float | None:
    return real_difference(difference.effect, difference.low, difference.high, sum(each.part.effect for each in grown))


def _findings(measure: CountMeasure, grown: Sequence[Grown], difference: float | None) -> list[Finding]:
    found = (_finding(measure, each, difference) for each in grown if abs(each.part.effect) >= MIN_EFFECT)
    return largest_first(each for each in found if each.is_shown)


def _finding(measure: CountMeasure, grown: Grown, difference: float | None) -> Finding:
    kind: FindingKind = KINDS[grown.candidate.position]
    value, part = grown.candidate.value, grown.part
    share = share_of(part, difference)
    day = day_name(int(value)) if kind == "day" else None
    ratio = _ratio(grown.now, part.effect)
    low, high = (None if ratio is None else _ratio(grown.now, each) for each in (part.low, part.high))
    return msgspec.structs.replace(
        Finding.of_shift(kind, part, share, _text(measure, grown, share, day)),
        value=None if day else value,
        start=day,
        end=day,
        now=grown.now,
        before=grown.before,
        ratio=ratio,
        ratio_low=low,
        ratio_high=high,
        p_value=grown.p_value,
    )


def _ratio(now: float, effect: float) -> float | None:
    """How many times as much as in proportion to all others; None of nothing."""
    usual = now - effect
    return now / usual if usual > 0 else None


def _text(measure: CountMeasure, grown: Grown, share: float | None, day: str | None) -> str:
    usual = max(0.0, grown.now - grown.part.effect)
    text = (
        f"{_subject(grown, day)}: {quantity(round(grown.now), measure[:-1])} against {grown.before:,.0f}, where "
        f"{usual:,.0f} would be in proportion to all others."
    )
    if share is not None:
        return f"{text} {share_text(share)}"
    low, high = grown.part.low, grown.part.high
    return f"{text} By itself it moves the number by {low:+,.0f} to {high:+,.0f}."


def _subject(grown: Grown, day: str | None) -> str:
    if day is not None:
        return f"On {day}"
    position, value = grown.candidate
    kind = KINDS[position]
    return f"{SUBJECTS[kind]} {tool_name(value) if kind == 'tool' else code(value)}"


def _answer(
    measure: CountMeasure,
    compared: ComparedSides,
    sides: tuple[ComparedCalls, ComparedCalls],
    findings: Sequence[Finding],
    alone: Sequence[float],
    difference: float | None,
) -> str:
    segment, against = sides
    if not segment.value or not against.value:
        return "One of the two sides has no calls, or was not counted in full, so nothing is compared."
    other = (
        f" on average of {compared.earlier} such periods before"
        if compared.earlier > 1
        else _counted_text(against, measure)
    )
    text = f"**{segment.value:,.0f}**{_counted_text(segment, measure, noun=True)}, {against.value:,.0f}{other}"
    first = findings[0].text if findings else ""
    if difference is None:
        return " ".join(filter(None, (f"{text}: no more than chance explains.", first)))
    few = _alone_text(alone, difference)
    nothing = "" if few else "No breakdown accounts for the difference beyond chance: everything changed alike."
    return " ".join(filter(None, (f"{text}.", few, first or nothing)))


def _counted_text(side: ComparedCalls, measure: CountMeasure, *, noun: bool = False) -> str:
    """What follows the number of a side: a segment's phrase begins with the calls themselves."""
    of_instances = "" if measure == "calls" else " instances with"
    if side.scope and side.version is None:
        return f"{of_instances} {code(side.scope)}"
    return f"{f'{of_instances} calls' if noun else ''}{side_text(side)}"


def _alone_text(alone: Sequence[float], difference: float) -> str:
    """What instances that are left out of findings account for."""
    if not alone:
        return ""
    share, many = format_percent(min(sum(alone) / difference, 9.99)), len(alone) > 1
    return f"{quantity(len(alone), 'instance')} alone account{'' if many else 's'} for {share} of the difference."
