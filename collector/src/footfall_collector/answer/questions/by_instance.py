"""What each instance of a segment did in a range: the counts behind a comparison and its intervals."""

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...store import DAY_SECONDS, EventSelection, fact_tables, property_key
from ..filters import INTERNAL_VALUES, Filters
from .cells import DURATION, CallSource, DurationSample
from .compiler import CompiledQuestion, compile_rows
from .dialects import DIALECTS
from .properties import VERSION, QuestionNames
from .question import Question
from .segments import Segment, describe_segment, parse_segment

if TYPE_CHECKING:
    from ..answers import Answers

CALLS = "tool_executed"
ERRORS, ERROR_TYPE = "tool_error", "error_type"
MAX_SAMPLES = 100_000
"""Values that a comparison of percentiles reads, about."""
MAX_READ = 3_000_000
"""Calls of which raw events are read for that, about: it takes a second."""
MAX_READ_FOR_A_SIDE = 2_000_000
"""The same for each side of a comparison."""
InstanceCounts = dict[int, tuple[int, int]]
"""Instance → (events, failed calls)."""
InstanceValues = list[tuple[int, float, int]]
"""(instance, value, occurrences)."""


def counts_by_instance(
    answers: "Answers", filters: Filters, segment: Segment, *, lasting_only: bool = False
) -> InstanceCounts:
    """The calls of a segment. Ephemeral instances are left out with `lasting_only`. Raises StoreError.

    One query answers both, so that who needs both reads the calls once.
    """
    dialect, flag = DIALECTS[answers.engine], property_key("success")
    table = fact_tables(answers.catalogues.values())[CALLS].counts.name
    compiled = _compiled(answers, filters, segment, table, (flag, "lasting"))
    errors = dialect.total("n", f"{flag} = 'false'")
    counts = f"{dialect.total('n')} AS c, {errors} AS e, {dialect.total('n', 'lasting')} AS l"
    sql = f"SELECT instance, {counts} FROM {compiled.sql} AS calls WHERE n > 0 GROUP BY instance"  # noqa: S608 - our own words
    rows = answers.rows(sql, _selection(answers, filters, compiled))
    return {
        int(instance): (int(calls), int(failed))
        for instance, calls, failed, lasting in rows
        if lasting or not lasting_only
    }


def durations_by_instance(answers: "Answers", filters: Filters, segment: Segment, calls: int) -> InstanceValues:
    """The durations of a segment's calls, of so many instances that about `MAX_SAMPLES` are read.

    In a long range they are those of so many days that raw events of about `MAX_READ_FOR_A_SIDE` calls are read.
    """
    dialect = DIALECTS[answers.engine]
    table = fact_tables(answers.catalogues.values())[CALLS].samples[DURATION].name
    compiled = _compiled(answers, filters, segment, table, ("value",))
    one_day_in = 1 if filters.exact else _days_between(answers, filters, MAX_READ_FOR_A_SIDE)
    one_in = max(1, -(-calls // (MAX_SAMPLES * one_day_in)))
    selection = replace(_selection(answers, filters, compiled), one_in=one_in, one_day_in=one_day_in)
    sql = f"SELECT instance, value, {dialect.total('n')} AS c FROM {compiled.sql} AS calls WHERE n > 0 "  # noqa: S608 - our own words
    rows = answers.rows(f"{sql} GROUP BY instance, value", selection)
    return [(int(instance), float(value), int(number)) for instance, value, number in rows]


def duration_sample(source: CallSource, calls: int, *, whole_weeks: bool) -> DurationSample:
    """The sample of the durations of a source with so many calls in which about `MAX_SAMPLES` are read.

    With `whole_weeks` its days are of one weekday, where not all are read; otherwise of all weekdays.
    """
    # Each of the sides is read too.
    most = MAX_READ // 4 if source.sides else MAX_READ
    days = 1 if source.filters.exact else _days_between(source.answers, source.filters, most)
    if days > 1 and whole_weeks:
        days = -(-days // 7) * 7
    return DurationSample(max(1, -(-calls // (MAX_SAMPLES * days))), days)


def _days_between(answers: "Answers", filters: Filters, most: int) -> int:
    """Of how many days one is read, so that the raw events of that one are those of about `most` calls."""
    total = DIALECTS[answers.engine].total("calls")
    [[calls]] = answers.rows(f"SELECT {total} FROM tool_calls", _selection(answers, filters))  # noqa: S608 - our own words
    one_day_in = max(1, -(-int(calls) // most))
    # Not the same day of every week.
    return one_day_in + (one_day_in % 7 == 0)


def tool_durations_by_instance(
    answers: "Answers", filters: Filters, tools: Collection[str], versions: Collection[str], *, established: bool
) -> list[tuple[str, int, str, str, str, int, float, int]]:
    """(tool, day since 1970, version, client, provider, instance, duration, calls) of some tools in some versions.

    They are those of so many instances that about `MAX_SAMPLES` calls are read, and of so many days that raw events of
    about `MAX_READ` calls are; with `established`, of established instances only. Raises EventsUnreadableError, and
    StoreError if the store can't answer.
    """
    dialect, facts = DIALECTS[answers.engine], fact_tables(answers.catalogues.values())[CALLS]
    segment = parse_segment((), filters, QuestionNames(answers.catalogues[filters.product]), CALLS)
    keys = [property_key(name) for name in ("tool", VERSION, "mcp_client", "ai_provider")]
    where = f"{dialect.among(keys[0], 'durations_of')} AND {dialect.among(keys[1], 'durations_in')}"

    def rows(table: str, columns: Collection[str], sql: str, in_days: int = 1, in_all: int = 1) -> list[Any]:
        compiled = _compiled(answers, filters, segment, table, columns)
        selection = _selection(answers, filters, compiled)
        named = {"durations_of": tuple(sorted(tools)), "durations_in": tuple(sorted(versions))}
        parameters = {**selection.parameters, **named}
        selection = replace(selection, established=established, parameters=parameters)
        selection = replace(selection, one_day_in=in_days, one_in=in_all)
        return answers.rows(sql.format(calls=f"{compiled.sql} AS calls WHERE {where}"), selection)

    count = dialect.total("n")
    [[calls]] = rows(facts.counts.name, keys, f"SELECT {count} FROM {{calls}}")  # noqa: S608 - our own words
    one_day_in = _days_between(answers, filters, MAX_READ)
    one_in = max(1, -(-int(calls) // (MAX_SAMPLES * one_day_in)))
    listed = f"{keys[0]}, day, {', '.join(keys[1:])}, instance, value"
    sql = f"SELECT {listed}, {count} AS c FROM {{calls}} GROUP BY {listed}"  # noqa: S608 - our own words
    return [
        (tool, int(day), version, client, provider, int(instance), float(value), int(number))
        for tool, day, version, client, provider, instance, value, number in rows(
            facts.samples[DURATION].name, [*keys, "value"], sql, one_day_in, one_in
        )
    ]


def errors_by_class(source: CallSource, one_in: int) -> list[tuple[int, int, str, int]]:
    """(day since 1970, instance, error class, errors) of the calls of a source, of one in so many instances.

    A condition about what calls carry and errors do not, such as the client, selects the errors of the instances with
    such calls; see `through_instances`. Raises StoreError.
    """
    rows = _by_day(source, ERRORS, _of_errors(source), one_in, property_key(ERROR_TYPE))
    return [(int(day), int(instance), str(name), int(number)) for day, instance, name, number in rows]


def calls_through_instances(source: CallSource, one_in: int) -> list[tuple[int, int, int]]:
    """(day since 1970, instance, calls) of the instances whose errors `errors_by_class` counts. Raises StoreError."""
    rows = _by_day(source, CALLS, _through_instances(source), one_in)
    return [(int(day), int(instance), int(number)) for day, instance, number in rows]


def through_instances(source: CallSource) -> str:
    """What `errors_by_class` counts, as a phrase, where a condition is about what errors don't carry; else ''."""
    if _through_instances(source) == source.segment:
        return ""
    return describe_segment(_of_errors(source), ERRORS)


def _by_day(source: CallSource, event: str, segment: Segment, one_in: int, *keys: str) -> list[Any]:
    """(day, instance, keys …, number) of the events of a name."""
    answers, filters = source.answers, source.filters
    dialect, facts = DIALECTS[answers.engine], fact_tables(answers.catalogues.values())
    version = property_key(VERSION)
    kept = answers.value_caps.of_product(filters.product).kept
    question = Question(event=event, segment=segment)
    compiled = compile_rows(question, facts[event].counts.name, (version, *keys), facts, dialect, kept)
    terms = ["n > 0", *([f"instance % {one_in} = 0"] if one_in > 1 else [])]
    if source.apart:
        terms.append(f"NOT ({dialect.among(version, 'versions_apart')})")
    parameters = {**compiled.parameters, "versions_apart": tuple(sorted(source.apart))}
    listed = ", ".join(("day", "instance", *keys))
    sql = f"SELECT {listed}, {dialect.total('n')} AS c FROM {compiled.sql} AS counted "  # noqa: S608 - our own words
    sql += f"WHERE {' AND '.join(terms)} GROUP BY {listed}"
    rows: list[Any] = []
    for part, exact in source.parts:
        selection = replace(_selection(answers, part, compiled), exact=exact, parameters=parameters)
        rows += answers.rows(sql, replace(selection, established=source.established))
    return rows


def _through_instances(source: CallSource) -> Segment:
    """The segment, with conditions about what calls carry and errors do not as conditions on instances."""
    errors = QuestionNames(source.answers.catalogues[source.filters.product])
    return Segment(
        tuple(
            each
            if not each.selects_events(CALLS) or errors.property_named(each.property.name, ERRORS).carried_by(ERRORS)
            else replace(each, by_instance=True)
            for each in source.segment.conditions
        )
    )


def _of_errors(source: CallSource) -> Segment:
    """The segment of the errors of a segment's calls, or of those of its instances."""
    errors = QuestionNames(source.answers.catalogues[source.filters.product])
    conditions = []
    for each in _through_instances(source).conditions:
        if each.selects_events(CALLS):
            conditions.append(replace(each, property=errors.property_named(each.property.name, ERRORS)))
        else:
            # What selects instances of calls does so for their errors.
            conditions.append(replace(each, by_instance=True))
    return Segment(tuple(conditions))


def word_days(
    answers: "Answers", filters: Filters, event: str, name: str, *, established: bool
) -> list[tuple[int, str, int]]:
    """(instance, value, days) of a property of an event; ephemeral instances are left out. Raises StoreError."""
    dialect, table = DIALECTS[answers.engine], fact_tables(answers.catalogues.values())[event].counts.name
    day = dialect.divided("moment", DAY_SECONDS)
    sql = (
        "SELECT instance, v, count(*) AS days FROM ("  # noqa: S608 - our own words
        f"SELECT instance, {property_key(name)} AS v, {day} AS d FROM {table} WHERE lasting AND n > 0 "
        "GROUP BY instance, v, d) GROUP BY instance, v"
    )
    rows = answers.rows(sql, replace(_selection(answers, filters), established=established))
    return [(int(instance), str(value), int(days)) for instance, value, days in rows]


def first_days(answers: "Answers", filters: Filters) -> dict[int, int]:
    """Instance → the day since 1970 on which it was first seen, at any time. Ephemeral instances have none."""
    # The range doesn't matter: two ranges share an answer.
    selection = replace(_selection(answers, filters), start=0, end=DAY_SECONDS, exact=False)
    rows = answers.rows(DIALECTS[answers.engine].first_days, selection)
    return {int(instance): int(day) for instance, day in rows}


def active_instances(answers: "Answers", filters: Filters) -> set[int]:
    """The instances with any event in the range, widened to whole days; ephemeral ones don't count."""
    selection = replace(_selection(answers, filters), exact=False)
    sql = "SELECT instance FROM presence WHERE mask <> 0 GROUP BY instance"
    return {int(instance) for (instance,) in answers.rows(sql, selection)}


def _compiled(
    answers: "Answers", filters: Filters, segment: Segment, relation: str, columns: Collection[str]
) -> CompiledQuestion:
    kept = answers.value_caps.of_product(filters.product).kept
    facts = fact_tables(answers.catalogues.values())
    question = Question(event=CALLS, segment=segment)
    return compile_rows(question, relation, columns, facts, DIALECTS[answers.engine], kept)


def _selection(answers: "Answers", filters: Filters, compiled: CompiledQuestion | None = None) -> EventSelection:
    return EventSelection(
        filters.product,
        int(filters.start.timestamp()),
        int(filters.end.timestamp()),
        filters.exact,
        INTERNAL_VALUES[filters.internal],
        kept=answers.value_caps.of_product(filters.product).kept,
        parameters=compiled.parameters if compiled else {},
        shared=compiled.shared if compiled else {},
    )
