"""Tool calls of a segment as cells: by day, instance and what calls carry, folded by the engine.

The analysis of errors works on thousands of cells. Folding a large store's rows takes Python seconds, and the engine a
fraction of one.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from footfall.catalogue import OTHER

from ...store import DAY_SECONDS, STATE_EVENT, EventSelection, day_number, fact_tables, property_key
from ..filters import INTERNAL_VALUES, Filters
from .compiler import compile_conditions
from .dialects import DIALECTS
from .properties import VERSION, QuestionNames
from .question import Question
from .segment_sql import Parameters
from .segments import Segment, parse_segment

if TYPE_CHECKING:
    from ..answers import Answers

CALLS, CONNECTIONS = "tool_executed", "client_connected"
TOOL, CLIENT, PROVIDER, CLIENT_VERSION = "tool", "mcp_client", "ai_provider", "mcp_client_version"
FOLDED = (TOOL, CLIENT, PROVIDER)
_ERROR = f"{property_key('success')} = 'false'"
_Rows = list[tuple[Any, ...]]


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


@dataclass(frozen=True)
class CallSource:
    """The tool calls of a segment. Methods raise StoreError if the store can't answer.

    Attributes:
        segment: the calls that are read.
        sides: segments that are compared; each cell says in which of them it is.
        apart: versions whose calls are left out.
        established: whether calls of instances that are not established are left out.
    """

    answers: "Answers"
    filters: Filters
    segment: Segment = field(default_factory=Segment)
    sides: tuple[Segment, ...] = ()
    apart: Collection[str] = ()
    established: bool = False

    def totals(self, limit: int) -> dict[str, list[tuple[str, int]]]:
        """Of each of the `FOLDED` properties the values of most calls with their calls, the most first."""
        result: dict[str, list[tuple[str, int]]] = {}
        for name in FOLDED:
            value = property_key(name)
            calls = self._dialect.total("n")
            sql = f"SELECT {value} AS v, {calls} AS c FROM {self._calls} GROUP BY v ORDER BY c DESC, v LIMIT {limit}"  # noqa: S608 - our own words
            result[name] = [(str(row[0]), int(row[1])) for row in self._rows(sql)]
        return result

    def size(self) -> int:
        """About how many cells there are without any folding: an upper limit, two for calls of which some fail."""
        columns = ", ".join(map(property_key, (VERSION, TOOL, CLIENT, PROVIDER, "success")))
        sql = f"SELECT count(*) FROM (SELECT instance, {columns} FROM {self._calls})"  # noqa: S608 - our own words
        [[number]] = self._rows(sql)
        return int(number)

    def span(self) -> tuple[int, int]:
        """The days since 1970 of the first call and of the last one; both those of the range's end without calls."""
        sql = f"SELECT min({self._day}), max({self._day}), {self._dialect.total('n')} FROM {self._calls}"  # noqa: S608 - our own words
        [[first, last, calls]] = self._rows(sql)
        _, end = days_of(self.filters)
        return (int(first), int(last)) if calls else (end, end)

    def by_day(self) -> _Rows:
        """(day, version, sides, calls, errors) of all instances, with every version."""
        counts = f"{self._dialect.total('n')} AS c, {self._dialect.total('n', _ERROR)} AS e"
        version = property_key(VERSION)
        return self._rows(
            f"SELECT {self._day} AS cell_day, {version} AS cell_version, {self._side_bits()} AS cell_sides, {counts} "  # noqa: S608 - our own words
            f"FROM {self._calls} GROUP BY cell_day, cell_version, cell_sides"
        )

    def cells(self, fold: Fold) -> _Rows:
        """(day, version, tool, client, provider, sides, instance, calls, errors).

        `day` is the first of its group; `sides` has a bit for each of them that has the calls.
        """
        named = {
            "cell_day": self._day_group(fold),
            "cell_version": self._folded(VERSION, "''"),
            **{f"cell_{name}": self._folded(name, f"'{OTHER}'") for name in FOLDED},
            "cell_sides": self._side_bits(),
        }
        groups = [*named, "instance"]
        shown = [*(f"{value} AS {name}" for name, value in named.items()), "instance"]
        counts = f"{self._dialect.total('n')} AS c, {self._dialect.total('n', _ERROR)} AS e"
        sampled = f" AND instance % {fold.one_in} = 0" if fold.one_in > 1 else ""
        sql = f"SELECT {', '.join(shown)}, {counts} FROM {self._calls}{sampled} GROUP BY {', '.join(groups)}"  # noqa: S608 - our own words
        return self._rows(
            sql,
            {
                "shown_product_version": ("", *sorted(fold.versions)),
                **{f"shown_{name}": ("", *sorted(fold.values[name])) for name in FOLDED},
            },
        )

    def states(self, name: str, one_in: int) -> _Rows:
        """(instance, day, value): what each instance's latest start says of a property, for each day."""
        columns = f"instance, moment, first_at, last_at, {property_key(name)}"
        sampled = f" WHERE instance % {one_in} = 0" if one_in > 1 else ""
        relation = f"(SELECT {columns} FROM {self._facts[STATE_EVENT].counts.name}{sampled})"  # noqa: S608 - our own words
        return self._rows(self._dialect.states(relation, property_key(name), "v <> ''"), whole_days=True)

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
        terms = self._terms()[: len(self.segment.conditions)]
        if self.apart:
            terms.append(f"NOT ({self._dialect.among(property_key(VERSION), 'versions_apart')})")
        return f"{self._facts[CALLS].counts.name} WHERE {' AND '.join(terms or ['n > 0'])}"

    def _side_bits(self) -> str:
        terms, position, bits = self._terms(), len(self.segment.conditions), []
        for index, side in enumerate(self.sides):
            of_side = terms[position : position + len(side.conditions)]
            position += len(side.conditions)
            bits.append(f"CASE WHEN {' AND '.join(of_side or ['n > 0'])} THEN {1 << index} ELSE 0 END")
        return " + ".join(bits) or "0"

    def _terms(self) -> list[str]:
        return self._compiled()[0]

    def _compiled(self) -> tuple[list[str], Parameters]:
        """The conditions of the segment, then those of the sides."""
        kept = self.answers.value_caps.of_product(self.filters.product).kept
        conditions = (*self.segment.conditions, *(one for side in self.sides for one in side.conditions))
        question = Question(event=CALLS, segment=Segment(conditions))
        return compile_conditions(question, self._facts, self._dialect, kept)

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
        filters = self.filters
        _, conditions = self._compiled()
        start, end = int(filters.start.timestamp()), int(filters.end.timestamp())
        selection = EventSelection(
            filters.product,
            start,
            end,
            filters.exact and not whole_days,
            INTERNAL_VALUES[filters.internal],
            kept=self.answers.value_caps.of_product(filters.product).kept,
            established=self.established,
            parameters={**conditions, "versions_apart": tuple(sorted(self.apart)), **(parameters or {})},
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


def shown_values(totals: Sequence[tuple[str, int]], limit: int, least: int) -> list[str]:
    """Of values with their calls those of most calls, each of `least` calls or more."""
    return [value for value, calls in totals[:limit] if value and calls >= least]
