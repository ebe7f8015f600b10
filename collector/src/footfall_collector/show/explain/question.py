"""What explains a spike, and what explains the difference of two segments, such as two versions."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile

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
)
from ...runtime import choice
from ..insight import counted_period, ended_part
from ..statistics import CallCell, CauseSearch, find_causes, read_call_cells
from .contributions import MIN_EFFECT, Contribution, DayAndSides, SegmentPair, real_difference
from .counts import COUNTS, explain_counts
from .durations import explain_durations
from .error_classes import ErrorClasses, class_sentence, error_classes
from .explanation import (
    NO_DIFFERENCE,
    Explanation,
    Finding,
    answer_sentence,
    cause_finding,
    largest_first,
    shift_finding,
)
from .measures import PERCENTILES
from .sides import CONDITIONS_NOTE, MOMENTS_NOTE, ComparedSides, Side, counted_source, moments_of

CALLS, VERSION = "tool_executed", "product_version"
ERROR_RATE = "error_rate"
EXPLAINED_MEASURES = (ERROR_RATE, *PERCENTILES, *COUNTS)
"""What can be explained."""
TOLD_APART = {
    "tool": {"tool"},
    "client": {"mcp_client"},
    "provider": {"ai_provider"},
    "version": {"product_version"},
    "client_version": {"mcp_client", "mcp_client_version"},
    "k8s_version": {"k8s_version"},
    "deployment": {"deployment_method"},
}
"""Kinds of findings, and the properties of which each is the values."""
WEEKS_BEFORE = 4
"""Weeks before a spike whose days are compared with it, at least; longer spikes need as many as they are long."""
DAY_SECONDS = 86_400
NOTE = (
    "A model of each tool's usual error rate with each client and provider is compared with what happened. Named are "
    "days on which a provider or all calls failed; clients, versions of Kubernetes and deployments, also such that "
    "fail since some day; and versions of the product and of clients, whichever fits best. Each joins the model before "
    "the next is looked for, so that none is named for what another explains. Corrected for the number of alternatives "
    "and, by Benjamini-Hochberg, of findings. Shifts of calls between tools, clients and providers are distinguished "
    "from changes of their rates. An error class says how calls fail: it accounts for what its own errors add, the "
    "others unchanged. Intervals are 95 %, from the variation between instances; one instance alone is no cause, "
    "and what it adds is left out. Versions that no established instance has run are left out. The version of "
    "Kubernetes, the deployment and the version of a client are those of the instance on that day. "
    f"{MOMENTS_NOTE} {CONDITIONS_NOTE} Of a large fleet "
    "one in `one_in` instances is analysed, whose calls the findings count; the calls of both sides are those of all."
)


def explain(
    answers: Answers,
    filters: Filters,
    against: str,
    sides: tuple[Sequence[str], Sequence[str]],
    where: Sequence[str] = (),
    measure: str = ERROR_RATE,
) -> Explanation:
    """A segment against another one, or a version; without either, the range against the weeks before.

    Raises FilterError.
    """
    if against and any(sides):
        raise FilterError("Give either against, or a and b.")
    if any(sides):
        return explain_segments(answers, filters, sides, where, measure)
    if against:
        return explain_versions(answers, filters, against, where, measure)
    return explain_spike(answers, filters, where, measure)


def explain_spike(
    answers: Answers, filters: Filters, where: Sequence[str] = (), measure: str = ERROR_RATE
) -> Explanation:
    """The days of the range against the same weekdays in the weeks before. Raises FilterError for a condition."""
    if measure in COUNTS:
        return _explained(_equal_periods(answers, filters, where), measure)
    first, last = days_of(filters)
    weeks = max(WEEKS_BEFORE, -(-(last - first + 1) // 7))
    weekdays = {day % 7 for day in range(first, last + 1)}
    earliest = datetime.fromtimestamp((first - 7 * weeks) * DAY_SECONDS, UTC)
    source = call_source(answers, replace(filters, start=earliest), where)
    source = replace(source, periods=_parts_of_spike(filters, source, -(-(last - first + 1) // 7), weeks))

    def of_spike(cell: DayAndSides) -> bool:
        return cell.day >= first

    def of_before(cell: DayAndSides) -> bool:
        return cell.day < first and cell.day % 7 in weekdays

    def sides_of(cells: Iterable[CallCell]) -> tuple[Side, Side]:
        before = min((cell.day for cell in cells if cell.day < first), default=first - 7 * weeks)
        return Side("", (first, last), moments=moments_of(filters)), Side("", (before, first - 1), len(weekdays) < 7)

    return _explained(ComparedSides(source, (of_spike, of_before), sides_of, anchor=first), measure)


def explain_versions(
    answers: Answers, filters: Filters, against: str, where: Sequence[str] = (), measure: str = ERROR_RATE
) -> Explanation:
    """The version among the filters against another one, within the range. Raises FilterError without a version."""
    version = filters.version
    if version is None or version == against:
        raise FilterError("against needs version= with another version, such as version=2.3.0&against=2.2.0.")
    conditions = [condition_text(VERSION, False, (each,)) for each in (version, against)]
    sides = [conditions[0]], [conditions[1]]
    return explain_segments(answers, replace(filters, version=None), sides, where, measure)


def explain_segments(
    answers: Answers,
    filters: Filters,
    sides: tuple[Sequence[str], Sequence[str]],
    where: Sequence[str] = (),
    measure: str = ERROR_RATE,
) -> Explanation:
    """The calls of one segment against those of another, within the range, each given by its conditions.

    Raises FilterError for a condition that can't be used.
    """
    plain = Filters(filters.product, filters.start, filters.end, internal=filters.internal)
    segments = [segment_of(answers, plain, conditions, CALLS) for conditions in sides]
    source = call_source(answers, filters, where, segments)
    wanted = {
        value
        for side in segments
        for condition in side.conditions
        if condition.property.name == VERSION
        for value in condition.values
    }

    def sides_of(cells: Iterable[CallCell]) -> tuple[Side, Side]:
        days = [cell.day for cell in cells if cell.sides]
        span = (min(days), max(days)) if days else days_of(filters)
        first, second = (
            Side(describe_segment(each, CALLS), span, version=_only_version(each), moments=moments_of(filters))
            for each in segments
        )
        return first, second

    chosen = (lambda cell: bool(cell.sides & 1)), (lambda cell: bool(cell.sides & 2))
    names = {condition.property.name for side in segments for condition in side.conditions}
    told_apart = [kind for kind, properties in TOLD_APART.items() if names & properties]
    return _explained(ComparedSides(source, chosen, sides_of, wanted, told_apart=told_apart), measure)


def _explained(compared: ComparedSides, measure: str) -> Explanation:
    if measure not in EXPLAINED_MEASURES:
        raise FilterError(f"measure must be {choice(EXPLAINED_MEASURES)}.")
    if measure in COUNTS:
        return explain_counts(compared, measure)
    return _error_rates(compared) if measure == ERROR_RATE else explain_durations(compared, measure)


def _equal_periods(answers: Answers, filters: Filters, where: Sequence[str]) -> ComparedSides:
    """The part of the range that is over, against equal periods before it, as far as events were counted in those.

    Raises FilterError for a range without such a part.
    """
    ended = ended_part(filters, datetime.now(UTC))
    if ended is None:
        raise FilterError("No part of the range is over, so its numbers can't be compared: take an earlier start.")
    filters = ended if ended.exact else ended.of_whole_days
    first, last = days_of(filters)
    weeks = -(-(last - first + 1) // 7)
    periods = _periods(filters, weeks, max(1, WEEKS_BEFORE // weeks))
    counted = [*takewhile(lambda period: counted_period(answers, period, filters), periods[1:])]
    earlier, shift = max(1, len(counted)), 7 * weeks
    source = call_source(answers, replace(filters, start=periods[earlier].start), where)
    apart = filters.partial or source.is_through_instances
    source = replace(source, periods=periods[: earlier + 1] if apart else ())

    def of_range(cell: DayAndSides) -> bool:
        return cell.day >= first

    def of_earlier(cell: DayAndSides) -> bool:
        return bool(counted) and cell.day < first and (cell.day - first) % shift <= last - first

    def sides_of(_: Iterable[CallCell]) -> tuple[Side, Side]:
        moments, before = moments_of(filters), moments_of(periods[1]) if earlier == 1 else None
        return Side("", (first, last), moments=moments), Side(
            "", (first - shift * earlier, last - shift), moments=before
        )

    return ComparedSides(source, (of_range, of_earlier), sides_of, anchor=first, earlier=earlier, shift=shift)


def _parts_of_spike(filters: Filters, source: CallSource, length: int, weeks: int) -> tuple[Filters, ...]:
    """What is read: the range to the second if it has a part of a day, and whole days before it; () for all in one."""
    if source.is_through_instances:
        first, *earlier = _periods(filters, length, weeks // length)
        return first, *(each.of_whole_days for each in earlier)
    if not filters.partial:
        return ()
    # Up to the same weekday, by which the days of a sample go.
    before = filters.of_whole_days
    return filters, replace(before, start=source.filters.start, end=before.end - timedelta(weeks=1))


def _periods(filters: Filters, weeks: int, earlier: int) -> tuple[Filters, ...]:
    """The range, and so many equal periods before it, each some weeks before the next, the latest first."""
    shifts = [timedelta(weeks=weeks) * number for number in range(earlier + 1)]
    return tuple(replace(filters, start=filters.start - each, end=filters.end - each) for each in shifts)


def _only_version(segment: Segment) -> str | None:
    """The version where the segment is one version, and nothing else."""
    if len(segment.conditions) != 1:
        return None
    [condition] = segment.conditions
    is_one = condition.property.name == VERSION and not condition.negated and len(condition.values) == 1
    return condition.values[0] or None if is_one else None


def search_causes(source: CallSource, wanted: Collection[str] = (), anchor: int | None = None) -> CauseSearch:
    """The causes of the errors of some calls. `wanted` versions are candidates even if they are old."""
    counted, versions = counted_source(source, wanted)
    cells, one_in = read_call_cells(counted, versions, anchor)
    return find_causes(cells, versions, one_in)


def _error_rates(compared: ComparedSides) -> Explanation:
    search = search_causes(compared.source, compared.wanted, compared.anchor)
    source, _ = counted_source(compared.source, ())
    pair = SegmentPair(search, *compared.chosen)
    totals = (
        replace(compared, source=source).totals() if search.one_in > 1 else [*zip(pair.calls, pair.errors, strict=True)]
    )
    segment, against = (
        side.compared(calls, errors, errors / calls if calls else None)
        for side, (calls, errors) in zip(compared.sides_of(search.detailed), totals, strict=True)
    )
    difference = pair.difference() if all(pair.calls) else None
    whole = None if difference is None else _real(difference, pair)
    findings = [] if difference is None else _findings(pair, whole, compared.told_apart)
    classes = ErrorClasses([]) if difference is None else error_classes(source, pair, whole)
    first = " ".join(filter(None, (findings[0].text if findings else "", class_sentence(classes.findings, whole))))
    return Explanation.as_of_now(
        answer_sentence(segment, against, difference, first, whole is None),
        (segment, against),
        NO_DIFFERENCE if difference is None else (difference.effect, difference.low, difference.high),
        findings,
        whole,
        classes,
        measure=ERROR_RATE,
        unit="ratio",
        one_in=search.one_in,
        one_day_in=1,
        note=NOTE,
    )


def _real(difference: Contribution, pair: SegmentPair) -> float | None:
    causes = sum(pair.of_cause(cause).effect for cause in pair.search.causes)
    return real_difference(difference.effect, difference.low, difference.high, causes)


def _findings(pair: SegmentPair, difference: float | None, told_apart: Collection[str]) -> list[Finding]:
    """`difference` is that of the error rates; None where chance explains it."""
    last = max(cell.day for cell in pair.search.cells)
    findings = [cause_finding(cause.ended(last), pair.of_cause(cause), difference) for cause in pair.search.causes]
    findings += [
        shift_finding(name, part, difference)
        for name, part in pair.of_shifts().items()
        if not part.low <= 0 <= part.high and name not in told_apart
    ]
    return largest_first(each for each in findings if each.is_shown and abs(each.effect) >= MIN_EFFECT)
