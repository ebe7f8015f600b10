"""What explains a spike, and what explains the difference of two segments, such as two versions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ...answer import (
    Answers,
    CallSource,
    FilterError,
    Filters,
    Segment,
    call_source,
    condition_text,
    days_of,
    describe_segment,
    segment_of,
    version_key,
)
from ..insight import known_versions
from ..statistics import Cause, CauseSearch, find_causes, read_call_cells
from .contributions import Chosen, Contribution, DayAndSides, DaySides, SegmentPair
from .error_classes import class_sentence, error_classes
from .explanation import (
    NOTE,
    ComparedCalls,
    Explanation,
    Finding,
    answer_sentence,
    cause_finding,
    day_name,
    shift_finding,
)

CALLS, VERSION = "tool_executed", "product_version"
WEEKS_BEFORE = 4
"""Weeks before a spike whose days are compared with it, at least; longer spikes need as many as they are long."""
DAY_SECONDS = 86_400
MAX_VERSIONS = 10
MIN_SHARE = 0.02
"""A finding that accounts for less of the difference is left out."""


def explain_spike(answers: Answers, filters: Filters, where: Sequence[str] = ()) -> Explanation:
    """The days of the range against the same weekdays in the weeks before. Raises FilterError for a condition."""
    first, last = days_of(filters)
    weeks = max(WEEKS_BEFORE, -(-(last - first + 1) // 7))
    weekdays = {day % 7 for day in range(first, last + 1)}
    earliest = datetime.fromtimestamp((first - 7 * weeks) * DAY_SECONDS, UTC)
    source = call_source(answers, replace(filters, start=earliest), where)
    search = search_causes(source, anchor=first)
    days = {cell.day for cell in search.detailed if cell.day < first}

    def of_spike(cell: DayAndSides) -> bool:
        return cell.day >= first

    def of_before(cell: DayAndSides) -> bool:
        return cell.day < first and cell.day % 7 in weekdays

    before = (min(days, default=first - 7 * weeks), first - 1)
    sides = (_Side("", (first, last)), _Side("", before, len(weekdays) < 7))
    return _explanation(source, search, (of_spike, of_before), sides)


def explain_versions(answers: Answers, filters: Filters, against: str, where: Sequence[str] = ()) -> Explanation:
    """The version among the filters against another one, within the range. Raises FilterError without a version."""
    version = filters.version
    if version is None or version == against:
        raise FilterError("against needs version= with another version, such as version=2.3.0&against=2.2.0.")
    conditions = [condition_text(VERSION, False, (each,)) for each in (version, against)]
    return explain_segments(answers, replace(filters, version=None), ([conditions[0]], [conditions[1]]), where)


def explain_segments(
    answers: Answers, filters: Filters, sides: tuple[Sequence[str], Sequence[str]], where: Sequence[str] = ()
) -> Explanation:
    """The calls of one segment against those of another, within the range, each given by its conditions.

    Raises FilterError for a condition that can't be used.
    """
    plain = Filters(filters.product, filters.start, filters.end, internal=filters.internal)
    first, second = (segment_of(answers, plain, conditions, CALLS) for conditions in sides)
    source = call_source(answers, filters, where, (first, second))
    wanted = {
        value
        for side in (first, second)
        for condition in side.conditions
        if condition.property.name == VERSION
        for value in condition.values
    }
    search = search_causes(source, wanted)
    days = [cell.day for cell in search.detailed if cell.sides]
    span = (min(days), max(days)) if days else days_of(filters)
    compared = [_Side(describe_segment(side, CALLS), span, version=_only_version(side)) for side in (first, second)]
    chosen: tuple[Chosen, Chosen] = (lambda cell: bool(cell.sides & 1), lambda cell: bool(cell.sides & 2))
    return _explanation(source, search, chosen, (compared[0], compared[1]))


def _only_version(segment: Segment) -> str | None:
    """The version where the segment is one version, and nothing else."""
    if len(segment.conditions) != 1:
        return None
    [condition] = segment.conditions
    is_one = condition.property.name == VERSION and not condition.negated and len(condition.values) == 1
    return condition.values[0] or None if is_one else None


@dataclass(frozen=True)
class _Side:
    """One side of a comparison: what it is, its first and its last day, and whether only some weekdays count."""

    phrase: str
    days: tuple[int, int]
    weekdays_only: bool = False
    version: str | None = None

    def compared(self, calls: int, errors: int) -> ComparedCalls:
        return ComparedCalls(
            version=self.version,
            scope=self.phrase,
            first_day=day_name(self.days[0]),
            last_day=day_name(self.days[1]),
            weekdays_only=self.weekdays_only,
            calls=calls,
            errors=errors,
            error_rate=errors / calls if calls else None,
        )


def search_causes(source: CallSource, wanted: Collection[str] = (), anchor: int | None = None) -> CauseSearch:
    """The causes of the errors of some calls. `wanted` versions are candidates even if they are old."""
    known = known_versions(source.answers, source.filters)
    counted = sorted(known.counted(known.first_seen), key=version_key)
    versions = [version for version in counted if version in wanted or version in counted[-MAX_VERSIONS:]]
    cells, one_in = read_call_cells(replace(source, apart=known.apart), versions, anchor)
    return find_causes(cells, versions, one_in)


def _totals(source: CallSource, chosen: Chosen) -> tuple[int, int]:
    """The calls and errors of all instances that a side has."""
    rows = [(DaySides(day, sides), calls, errors) for day, _, sides, calls, errors in source.by_day()]
    return sum(calls for at, calls, _ in rows if chosen(at)), sum(errors for at, _, errors in rows if chosen(at))


def _explanation(
    source: CallSource, search: CauseSearch, chosen: tuple[Chosen, Chosen], sides: tuple[_Side, _Side]
) -> Explanation:
    source = replace(source, apart=known_versions(source.answers, source.filters).apart)
    pair = SegmentPair(search, *chosen)
    totals = (
        [_totals(source, side) for side in chosen]
        if search.one_in > 1
        else [*zip(pair.calls, pair.errors, strict=True)]
    )
    segment, against = (side.compared(*total) for side, total in zip(sides, totals, strict=True))
    difference = pair.difference() if all(pair.calls) else None
    whole = None if difference is None or not _is_real(difference, pair) else difference.effect
    findings = [] if difference is None else _findings(pair, whole)
    classes = [] if difference is None else error_classes(source, pair, whole)
    first = " ".join(filter(None, (findings[0].text if findings else "", class_sentence(classes, whole))))
    return Explanation(
        answer=answer_sentence(segment, against, difference, first, whole is None),
        segment=segment,
        against=against,
        difference=None if difference is None else difference.effect,
        low=None if difference is None else difference.low,
        high=None if difference is None else difference.high,
        findings=findings,
        error_classes=classes,
        unexplained=None if whole is None else 1 - sum(each.share or 0.0 for each in findings),
        one_in=search.one_in,
        note=NOTE,
        not_applied=[],
        generated_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def _is_real(difference: Contribution, pair: SegmentPair) -> bool:
    """Whether more than chance is behind a difference: its interval says so, or a cause that makes up most of it."""
    if not difference.low <= 0 <= difference.high:
        return True
    causes = sum(pair.of_cause(cause).effect for cause in pair.search.causes)
    return causes * difference.effect > 0 and 0.5 <= causes / difference.effect <= 2


def _findings(pair: SegmentPair, difference: float | None) -> list[Finding]:
    """`difference` is that of the error rates; None where chance explains it."""
    findings = [cause_finding(_ended(cause, pair), pair.of_cause(cause), difference) for cause in pair.search.causes]
    findings += [
        shift_finding(name, part, difference)
        for name, part in pair.of_shifts().items()
        if not part.low <= 0 <= part.high
    ]
    if difference is None:
        return sorted(findings, key=lambda each: -abs(each.effect))
    shared = [(each.share or 0.0, each) for each in findings]
    return [each for share, each in sorted(shared, key=lambda pair: -pair[0]) if abs(share) >= MIN_SHARE]


def _ended(cause: Cause, pair: SegmentPair) -> Cause:
    """The cause; one that is seen on the last day only ends with it."""
    last = max(cell.day for cell in pair.search.cells)
    if cause.set.first_day is None or cause.set.first_day < last:
        return cause
    return replace(cause, set=replace(cause.set, last_day=last))
