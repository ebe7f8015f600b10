"""The report's tables of a product's own events and properties: each property's, without a line of code for it.

The forms are those of its charts: words and booleans by number of events, versions as shares over time, and numbers as
their percentiles and their distribution in tenths.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from footfall.catalogue import EVENTS, Amount, Property, Version, event_type

from ...answer import Answers, Filters, QuestionNames, ask, has_open_words, parse_question
from ...runtime import with_unit
from ..insight import Cell, code
from .tables import MAX_ROWS, ReportTable, make_table

HEADING = "What do the product's own events say?"
MAX_STEPS = 5
"""Steps of shares over time, the last ones."""
_BUILT_IN = {event_type(event).name for event in EVENTS}
_PERCENTILES = ("median", "p95", "p99")
_TENTHS = 10
_DAYS_BY_DAY = 14
Rows = list[list[Cell]]


class OwnEvents:
    """The tables of a product's own events, under some filters.

    Words that senders choose are left out without `open_words`: an assistant would take them for its operator's.
    """

    def __init__(self, answers: Answers, filters: Filters, now: datetime, *, open_words: bool) -> None:
        self._answers, self._filters, self._now, self._open_words = answers, filters, now, open_words
        self._catalogue = answers.catalogues[filters.product]
        self._own = [name for name in self._catalogue.events if name not in _BUILT_IN]
        self._counted: list[list[Cell]] = [
            [name, self._number("events", name), self._number("instances", name)] for name in self._own
        ]

    @property
    def exist(self) -> bool:
        """Whether the product has any event or property of its own."""
        return bool(self._own or self._catalogue.extra)

    def answer(self) -> str:
        """One sentence."""
        if not self._own:
            return "The product adds properties to standard events; it has no events of its own."
        name, events = max(((str(row[0]), int(row[1] or 0)) for row in self._counted), key=lambda pair: pair[1])
        if not events:
            return "None of the product's own events happened."
        return f"{code(name)} happened {'once' if events == 1 else f'**{events:,} times**'}" + (
            ", more often than any other." if len(self._own) > 1 else "."
        )

    def tables(self) -> Iterator[ReportTable]:
        """The events, then those of each property."""
        yield make_table("Own events", ("Event", "Events", "Instances"), ("", "events", "instances"), self._counted)
        listed = {name: self._catalogue.events[name].properties for name in self._own} | dict(self._catalogue.extra)
        for event, properties in listed.items():
            for name, property_ in properties.items():
                if property_.retired is None:
                    yield from self._of_property(event, name, property_)

    def _of_property(self, event: str, name: str, property_: Property) -> Iterator[ReportTable]:
        title = f"{event}: {name}"
        if isinstance(property_.kind, Amount):
            title = f"{event}: {with_unit(name, property_.kind.unit)}"
            names, units = ("Events", "Median", "95th pct.", "99th pct."), ("events", *("number",) * 3)
            yield make_table(f"{title}, percentiles", names, units, self._percentiles(event, name))
            names, units = ("From", "To", "Events", "Share"), ("number", "number", "events", "ratio")
            yield make_table(f"{title}, distribution", names, units, self._distribution(event, name))
        elif isinstance(property_.kind, Version):
            yield self._over_time(title, event, name)
        elif self._open_words or not self._is_open(event, name):
            rows: Rows = [[_word(value), events, share] for value, share, events in self._ask("share", event, by=name)]
            yield make_table(title, ("Value", "Events", "Share"), ("", "events", "ratio"), rows[:MAX_ROWS])

    def _percentiles(self, event: str, name: str) -> Rows:
        measured = [self._ask(measure, event, of=name) for measure in _PERCENTILES]
        return [[measured[0][0][1], *(_plain(rows[0][0]) for rows in measured)]] if all(measured) else []

    def _distribution(self, event: str, name: str) -> Rows:
        """At most ten groups of neighbouring values, each of a tenth of the events or more."""
        counted = [(_plain(value), int(events or 0)) for value, events in self._ask("events", event, by=name)]
        total, groups = sum(events for _, events in counted), Rows()
        for value, events in counted:
            if not groups or int(groups[-1][2] or 0) * _TENTHS >= total:
                groups.append([value, value, 0])
            groups[-1][1:] = [value, int(groups[-1][2] or 0) + events]
        return [[low, high, events, int(events or 0) / total] for low, high, events in groups]

    def _over_time(self, title: str, event: str, name: str) -> ReportTable:
        """The shares of the versions of most events, in the last steps of the range."""
        days = (self._filters.end - self._filters.start).days
        step = "hour" if self._filters.exact else "day" if days <= _DAYS_BY_DAY else "week"
        events: Counter[Cell] = Counter()
        shares: dict[tuple[Cell, Cell], Cell] = {}
        for moment, value, share, number in self._ask("share", event, by=name, step=step):
            events[value] += int(number or 0)
            shares[moment, value] = share
        steps = sorted({str(moment) for moment, _ in shares})[-MAX_STEPS:]
        rows: Rows = [
            [_word(value), number, *(shares.get((moment, value), 0.0) for moment in steps)]
            for value, number in sorted(events.items(), key=lambda item: (-item[1], str(item[0])))[:MAX_ROWS]
        ]
        names = (
            "Version",
            "Events",
            *(f"{step.capitalize()} of {moment}" if step == "week" else moment for moment in steps),
        )
        return make_table(f"{title}, share over time", names, ("", "events", *("ratio",) * len(steps)), rows)

    def _number(self, measure: str, event: str) -> int:
        rows = self._ask(measure, event)
        return int(rows[0][0] or 0) if rows else 0

    def _is_open(self, event: str, name: str) -> bool:
        return has_open_words(QuestionNames(self._catalogue).property_named(name, event))

    def _ask(self, measure: str, event: str, **parts: str) -> list[list[Any]]:
        question = parse_question({"measure": measure, "event": event, **parts}, (), self._filters, self._catalogue)
        return ask(self._answers, question, self._filters, self._now).rows


def _plain(number: float) -> int | float:
    """A whole number without a fraction."""
    return int(number) if number == int(number) else number


def _word(value: Cell) -> Cell:
    """A boolean as the word that a condition has for it."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value
