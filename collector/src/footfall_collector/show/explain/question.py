"""The two questions: what explains a spike, and what explains the difference of two versions."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ...answer import COMMON_FILTERS, Answers, FilterError, Filters, version_key
from ..insight import known_versions
from ..statistics import CallCell, Cause, CauseSearch, RateCell, find_causes, read_call_cells
from .contributions import Chosen, SegmentPair
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

WEEKS_BEFORE = 4
"""Weeks before a spike whose days are compared with it, at least; longer spikes need as many as they are long."""
DAY_SECONDS = 86_400
MAX_VERSIONS = 10
MIN_SHARE = 0.02
"""A finding that accounts for less of the difference is left out."""


def explain_spike(answers: Answers, filters: Filters) -> Explanation:
    """The days of the range against the same weekdays in the weeks before."""
    first, last = _days_of(filters)
    weeks = max(WEEKS_BEFORE, -(-(last - first + 1) // 7))
    weekdays = {day % 7 for day in range(first, last + 1)}
    earliest = datetime.fromtimestamp((first - 7 * weeks) * DAY_SECONDS, UTC)
    search = _search(answers, replace(filters, start=earliest))
    days = {cell.day for cell in search.detailed if cell.day < first}

    def of_spike(cell: RateCell | CallCell) -> bool:
        return cell.day >= first

    def of_before(cell: RateCell | CallCell) -> bool:
        return cell.day < first and cell.day % 7 in weekdays

    before = (min(days, default=first - 7 * weeks), first - 1)
    sides = _Sides((filters.version, (first, last), False), (filters.version, before, len(weekdays) < 7))
    return _explanation(filters, search, of_spike, of_before, sides)


def explain_versions(answers: Answers, filters: Filters, against: str) -> Explanation:
    """The version among the filters against another one, within the range. Raises FilterError without a version."""
    version = filters.version
    if version is None or version == against:
        raise FilterError("against needs version= with another version, such as version=2.3.0&against=2.2.0.")
    search = _search(answers, replace(filters, version=None), (version, against))
    days = [cell.day for cell in search.detailed if cell.version in (version, against)]
    span = (min(days), max(days)) if days else _days_of(filters)
    sides = _Sides((version, span, False), (against, span, False))
    return _explanation(
        filters, search, lambda cell: cell.version == version, lambda cell: cell.version == against, sides
    )


def _days_of(filters: Filters) -> tuple[int, int]:
    """The first and the last day of the range, as days since 1970."""
    first, last = filters.start, filters.end - timedelta(seconds=1)
    return int(first.timestamp()) // DAY_SECONDS, int(last.timestamp()) // DAY_SECONDS


_Side = tuple[str | None, tuple[int, int], bool]


class _Sides:
    """Of both sides the version, the first and the last day, and whether only some weekdays count."""

    def __init__(self, segment: _Side, against: _Side) -> None:
        self.segment, self.against = segment, against

    def compared(self, pair: SegmentPair) -> tuple[ComparedCalls, ComparedCalls]:
        first, second = (
            ComparedCalls(
                version=side[0],
                first_day=day_name(side[1][0]),
                last_day=day_name(side[1][1]),
                weekdays_only=side[2],
                calls=calls,
                errors=errors,
                error_rate=errors / calls if calls else None,
            )
            for side, calls, errors in zip((self.segment, self.against), pair.calls, pair.errors, strict=True)
        )
        return first, second


def _search(answers: Answers, filters: Filters, wanted: Collection[str] = ()) -> CauseSearch:
    """`wanted` versions are candidates even if they are old."""
    known = known_versions(answers, filters)
    counted = sorted(known.counted(known.first_seen), key=version_key)
    versions = [version for version in counted if version in wanted or version in counted[-MAX_VERSIONS:]]
    return find_causes(read_call_cells(answers, filters, versions, known.apart), versions, by_instance=False)


def _explanation(
    filters: Filters, search: CauseSearch, of_segment: Chosen, of_other: Chosen, sides: _Sides
) -> Explanation:
    pair = SegmentPair(search, of_segment, of_other)
    segment, against = sides.compared(pair)
    difference = pair.difference() if all(pair.calls) else None
    is_chance = difference is None or difference.low <= 0 <= difference.high
    whole = None if difference is None or is_chance else difference.effect
    findings = [] if difference is None else _findings(pair, whole)
    return Explanation(
        answer=answer_sentence(segment, against, difference, findings[0].text if findings else ""),
        segment=segment,
        against=against,
        difference=None if difference is None else difference.effect,
        low=None if difference is None else difference.low,
        high=None if difference is None else difference.high,
        findings=findings,
        unexplained=None if whole is None else 1 - sum(each.share or 0.0 for each in findings),
        note=NOTE,
        not_applied=[name for name in filters.active if name not in (*COMMON_FILTERS, "tool", "mcp_client")],
        generated_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


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
