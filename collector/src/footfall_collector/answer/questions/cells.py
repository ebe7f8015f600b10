"""Tool calls of a segment as cells: by day, instance and what calls carry, folded by the engine.

The analysis of errors works on thousands of cells. Folding a large store's rows takes Python seconds, and the engine a
fraction of one.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from footfall.catalogue import OTHER

from ...store import DAY_SECONDS, STATE_EVENT, EventSelection, day_number, fact_tables, property_key
from ..filters import INTERNAL_VALUES, Filters
from .compiler import CompiledQuestion, compile_rows
from .dialects import DIALECTS
from .instance_rows import states_by_day
from .properties import VERSION, QuestionNames
from .question import Question
from .segments import Segment, parse_segment

if TYPE_CHECKING:
    from ..answers import Answers

CALLS, CONNECTIONS = "tool_executed", "client_connected"
TOOL, CLIENT, PROVIDER, CLIENT_VERSION = "tool", "mcp_client", "ai_provider", "mcp_client_version"
DURATION = "duration_ms"
FOLDED = (TOOL, CLIENT, PROVIDER)
_ERROR = f"{property_key('success')} = 'false'"
_Rows = list[tuple[Any, ...]]


class DurationSample(NamedTuple):
    """Of which instances and days durations are read: one in so many of each."""

    one_in: int = 1
    one_day_in: int = 1


@dataclass(frozen=True)
class Fold:
    """How cells are folded.

    Attributes:
        versions: those that are distinguished; the others are "".
        values: of `FOLDED` properties, those that are distinguished; the others are `other`.
        anchor: a day since 1970 on which a group of days begins.
        width: days in a group.
        one_in: read one of so many instances, chosen by their hash.
    """

    versions: Collection[str]
    values: Mapping[str, Collection[str]]
    anchor: int
    width: int = 1
    one_in: int = 1


class CallsOverview(NamedTuple):
    """What some calls are.

    Attributes:
        totals: of each of the `FOLDED` properties the values with their calls, those of most calls first.
        size: about how many cells there are without any folding: an upper limit, two for calls of which some fail.
        first: the day since 1970 of the first call, `last` that of the last one; the range's end without calls.
    """

    totals: Mapping[str, Sequence[tuple[str, int]]]
    size: int
    first: int
    last: int


@dataclass(frozen=True)
class CallSource:
    """The tool calls of a segment. Methods raise StoreError if the store can't answer.

    Attributes:
        segment: the calls that are read.
        sides: segments that are compared; each cell says in which of them it is.
        apart: versions whose calls are left out.
        established: whether calls of instances that are not established are left out.
        sample: where given, the calls are those whose durations raw events have, of some instances and days.
        periods: what is read of the range; empty for all of it.
    """

    answers: "Answers"
    filters: Filters
    segment: Segment = field(default_factory=Segment)
    sides: tuple[Segment, ...] = ()
    apart: Collection[str] = ()
    established: bool = False
    sample: DurationSample | None = None
    periods: tuple[Filters, ...] = ()

    @property
    def parts(self) -> list[tuple[Filters, bool]]:
        """What is read at once, and whether to the second."""
        return [(each, each.partial) for each in self.periods] or [(self.filters, self.filters.exact)]

    @property
    def is_through_instances(self) -> bool:
        """Whether a condition selects instances: in a range with the weeks before it, those would choose them too."""
        return not all(each.selects_events(CALLS) for each in self.segment.conditions)

    def overview(self) -> CallsOverview:
        """What the calls are, at a glance: one query, before the one that reads them."""
        totals: dict[str, Counter[str]] = {name: Counter() for name in FOLDED}
        size, days = 0, []
        for position, value, calls, rows, earliest, latest in self._rows(self._by_each_value()):
            if int(position) < len(FOLDED):
                totals[FOLDED[int(position)]][str(value)] += int(calls)
            elif rows:
                size += int(rows)
                days += [int(earliest), int(latest)]
        days = days or [days_of(self.filters)[1]]
        by_calls = {name: sorted(counts.items(), key=lambda one: (-one[1], one[0])) for name, counts in totals.items()}
        return CallsOverview(by_calls, size, min(days), max(days))

    def _by_each_value(self) -> str:
        """The query for (position, value, calls, rows, first day, last day) by each of `FOLDED`, and of all."""
        keys, calls, day = [property_key(name) for name in FOLDED], self._calls, self._day
        shown = f"{self._dialect.total('n')} AS c, count(*) AS r, min({day}) AS f, max({day}) AS l FROM {calls}"
        if self.answers.engine == "duckdb":
            # Three times as fast as a query for each.
            cases = " ".join(f"WHEN grouping({key}) = 0 THEN {index}" for index, key in enumerate(keys))
            value, sets = f"coalesce({', '.join(keys)}, '')", f"({'), ('.join(keys)}), ()"
            return f"SELECT CASE {cases} ELSE {len(keys)} END, {value}, {shown} GROUP BY GROUPING SETS ({sets})"
        each = (f"SELECT toInt64({i}) AS i, toString({key}) AS v, {shown} GROUP BY {key}" for i, key in enumerate(keys))
        return " UNION ALL ".join((*each, f"SELECT toInt64({len(keys)}) AS i, '' AS v, {shown}"))

    def by_day(self) -> _Rows:
        """(day, version, sides, calls, errors) of all instances, with every version."""
        named = {"cell_day": self._day, "cell_version": property_key(VERSION)}
        return self._with_sides(lambda source: source._counted(named, ()))

    def cells(self, fold: Fold) -> _Rows:
        """(day, version, tool, client, provider, instance, sides, calls, errors).

        `day` is the first of its group; `sides` has a bit for each of them that has the calls. Of a sample, the
        duration stands before `sides`, and errors are not counted.
        """
        named = {
            "cell_day": self._day_group(fold),
            "cell_version": self._folded(VERSION, "''"),
            **{f"cell_{name}": self._folded(name, f"'{OTHER}'") for name in FOLDED},
            "cell_instance": "instance",
        }
        parameters = {
            "shown_product_version": ("", *sorted(fold.versions)),
            **{f"shown_{name}": ("", *sorted(fold.values[name])) for name in FOLDED},
        }
        if self.sample is not None:
            named["cell_value"] = "value"
        sampled = (f"instance % {fold.one_in} = 0",) if fold.one_in > 1 and self.sample is None else ()
        return self._with_sides(lambda source: source._counted(named, sampled, parameters))

    def _counted(
        self, named: Mapping[str, str], where: Sequence[str], parameters: Mapping[str, tuple[str, ...]] | None = None
    ) -> _Rows:
        """Calls and errors by named expressions."""
        shown = ", ".join(f"{value} AS {name}" for name, value in named.items())
        errors = "0" if self.sample is not None else self._dialect.total("n", _ERROR)
        counts = f"{self._dialect.total('n')} AS c, {errors} AS e"
        more = "".join(f" AND {term}" for term in where)
        sql = f"SELECT {shown}, {counts} FROM {self._calls}{more} GROUP BY {', '.join(named)}"  # noqa: S608 - our own words
        return self._rows(sql, parameters)

    def _with_sides(self, read: Callable[["CallSource"], _Rows]) -> _Rows:
        """Rows of calls and errors by some keys, divided by the sides that they are in."""
        everything = read(replace(self, sides=()))
        if not self.sides:
            return [(*key, 0, calls, errors) for *key, calls, errors in everything]
        first, second = (Segment((*self.segment.conditions, *side.conditions)) for side in self.sides)
        both = Segment(tuple(dict.fromkeys((*first.conditions, *second.conditions))))
        of_sides = [
            {tuple(key): (calls, errors) for *key, calls, errors in read(replace(self, segment=segment, sides=()))}
            for segment in (first, second, both)
        ]
        rows = []
        for *key, calls, errors in everything:
            a, b, ab = (of_side.get(tuple(key), (0, 0)) for of_side in of_sides)
            parts = [
                [n - i - j + ij, i - ij, j - ij, ij] for n, i, j, ij in zip((calls, errors), a, b, ab, strict=True)
            ]
            rows += [(*key, bits, parts[0][bits], parts[1][bits]) for bits in range(4) if parts[0][bits]]
        return rows

    def states(self, name: str, one_in: int) -> _Rows:
        """(instance, day, value): what each instance's latest start says of a property, for each day of the range."""
        sampled = f" WHERE instance % {one_in} = 0" if one_in > 1 else ""
        rows = self._rows(
            f"SELECT instance, {self._day} AS d, {property_key(name)} AS v, max(last_at) AS l, min(first_at) AS f "  # noqa: S608 - our own words
            f"FROM {self._facts[STATE_EVENT].counts.name}{sampled} GROUP BY instance, d, v",
            whole_days=True,
        )
        starts: defaultdict[int, list[tuple[int, int, int, str]]] = defaultdict(list)
        for instance, day, value, last, first in rows:
            starts[instance].append((int(day), int(last), int(first), str(value)))
        first_day, last_day = days_of(self.filters)
        return [
            (instance, day, value)
            for instance, listed in starts.items()
            for day, value in states_by_day(listed, first_day, last_day)
            if value
        ]

    def client_versions(self, one_in: int) -> _Rows:
        """(instance, day, client, version): the versions of clients that connected, one row for each version."""
        client, version = property_key(CLIENT), property_key(CLIENT_VERSION)
        sampled = f" AND instance % {one_in} = 0" if one_in > 1 else ""
        return self._rows(
            f"SELECT instance, {self._day} AS d, {client}, {version} "  # noqa: S608 - our own words
            f"FROM {self._facts[CONNECTIONS].counts.name} WHERE {version} <> ''{sampled} "
            f"GROUP BY instance, d, {client}, {version}",
            whole_days=True,
        )

    @property
    def _dialect(self) -> Any:
        return DIALECTS[self.answers.engine]

    @property
    def _facts(self) -> Any:
        return fact_tables(self.answers.catalogues.values())

    @property
    def _day(self) -> str:
        return str(self._dialect.divided("moment", DAY_SECONDS))

    @property
    def _calls(self) -> str:
        """The relation of calls with its conditions."""
        term = f"NOT ({self._dialect.among(property_key(VERSION), 'versions_apart')})" if self.apart else "n > 0"
        return f"{self._compiled().sql} AS calls WHERE {term}"

    def _compiled(self) -> CompiledQuestion:
        kept = self.answers.value_caps.of_product(self.filters.product).kept
        columns = [*map(property_key, (VERSION, *FOLDED)), *(["value"] if self.sample else [property_key("success")])]
        question = Question(event=CALLS, segment=self.segment)
        tables = self._facts[CALLS]
        relation = tables.samples[DURATION].name if self.sample else tables.counts.name
        return compile_rows(question, relation, columns, self._facts, self._dialect, kept)

    def _day_group(self, fold: Fold) -> str:
        if fold.width == 1:
            return self._day
        # Both engines round a quotient of negative numbers in their own way: the beginning is before all days.
        first = fold.anchor - (fold.anchor // fold.width + 1) * fold.width
        return f"({self._dialect.divided(f'({self._day} - ({first}))', fold.width)} * {fold.width} + ({first}))"

    def _folded(self, name: str, otherwise: str) -> str:
        value = property_key(name)
        return f"CASE WHEN {self._dialect.among(value, f'shown_{name}')} THEN {value} ELSE {otherwise} END"

    def _rows(
        self, sql: str, parameters: Mapping[str, tuple[str, ...]] | None = None, whole_days: bool = False
    ) -> _Rows:
        parts = [(self.filters, False)] if whole_days else self.parts
        return [row for part in parts for row in self._read(sql, parameters, *part)]

    def _read(self, sql: str, parameters: Mapping[str, tuple[str, ...]] | None, filters: Filters, exact: bool) -> _Rows:
        compiled, sample = self._compiled(), self.sample or DurationSample()
        # A range to the second is short, and its last day may be a part of one.
        one_day_in = 1 if exact else sample.one_day_in
        selection = EventSelection(
            filters.product,
            int(filters.start.timestamp()),
            int(filters.end.timestamp()),
            exact,
            INTERNAL_VALUES[filters.internal],
            kept=self.answers.value_caps.of_product(filters.product).kept,
            established=self.established,
            one_in=sample.one_in,
            one_day_in=one_day_in,
            shared=compiled.shared if "shared_" in sql else {},
            parameters={**compiled.parameters, "versions_apart": tuple(sorted(self.apart)), **(parameters or {})},
        )
        return self.answers.rows(sql, selection)


def call_source(
    answers: "Answers", filters: Filters, where: Sequence[str] = (), sides: Sequence[Segment] = ()
) -> CallSource:
    """The calls under some filters and conditions. Raises FilterError for a condition that can't be used."""
    return CallSource(answers, filters, segment_of(answers, filters, where, CALLS), tuple(sides))


def segment_of(answers: "Answers", filters: Filters, where: Sequence[str], event: str | None) -> Segment:
    """The segment of some filters and conditions, for events of a name. Raises FilterError."""
    names = QuestionNames(answers.catalogues[filters.product])
    return parse_segment([text for text in where if text], filters, names, event)


def days_of(filters: Filters) -> tuple[int, int]:
    """The first and the last day of a range, as days since 1970."""
    return day_number(int(filters.start.timestamp())), day_number(int(filters.end.timestamp()) - 1)
