"""A question: a measure of an event, by a property, over time, in a segment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from footfall.catalogue import Amount, Catalogue, Flag

from ...runtime import choice
from ..filters import FilterError, Filters
from .properties import EventProperty, QuestionNames
from .segments import Segment, parse_segment

EVENTS, INSTANCES, SHARE, RATE = "events", "instances", "share", "rate"
COUNTS = (EVENTS, INSTANCES, SHARE)
PERCENTILES = {"median": 50, "p95": 95, "p99": 99}
NEW, RETURNING, LOST = "new", "returning", "lost"
RETENTION, CAME_BACK = "retention", "came_back"
MEASURES = {
    EVENTS: "how many events",
    INSTANCES: "how many instances; ephemeral ones don't count",
    SHARE: "the events of each value of `by`, as a share of all",
    RATE: "the share of failed calls; of another event, of those with the boolean `of` true",
    **{name: f"the {percent}th percentile of the number `of`" for name, percent in PERCENTILES.items()},
    NEW: "instances that were first seen in the range, or in the step",
    RETURNING: "instances that were seen before it",
    LOST: "instances of the time before it, equally long, that were not seen in it",
    CAME_BACK: "of the instances of the time before it, equally long, the share that was seen in it",
    RETENTION: "of the instances that were first seen in a week, the share that was seen each number of weeks later",
}
DAILY_MEASURES = (NEW, RETURNING, LOST, CAME_BACK, RETENTION)
"""Measures of whole UTC days."""
NO_STEP, MINUTE_STEP, HOUR_STEP, DAY_STEP, WEEK_STEP = "", "minute", "hour", "day", "week"
STEPS = (NO_STEP, MINUTE_STEP, HOUR_STEP, DAY_STEP, WEEK_STEP)
STEP_DAYS = {DAY_STEP: 1, WEEK_STEP: 7}
"""Days in the steps that are whole days; weeks begin on Monday."""
NAMES = ("measure", "event", "of", "by", "step", "where")
"""The parameters of a question in a query string, besides those of `Filters`."""
_CALLS, _SUCCESS = "tool_executed", "success"


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        measure: one of `MEASURES`.
        event: the event's name; None for events of any name.
        measured: the number of a percentile, or the boolean of a rate.
        by: the property whose values are rows; None for one row.
        step: `minute`, `hour`, `day`, `week`, or empty for the whole range; `week` where retention is measured.
        segment: what counts.
    """

    measure: str = EVENTS
    event: str | None = None
    measured: EventProperty | None = None
    by: EventProperty | None = None
    step: str = NO_STEP
    segment: Segment = field(default_factory=Segment)

    @property
    def failures(self) -> bool:
        """Whether a rate counts where its boolean is false: a call's `success`."""
        return self.measured is not None and self.measured.name == _SUCCESS and self.event == _CALLS


def parse_question(query: Mapping[str, str], where: Sequence[str], filters: Filters, catalogue: Catalogue) -> Question:
    """The question of a query string's parameters; `where` are all of that name. Raises FilterError."""
    names = QuestionNames(catalogue)
    measure = query.get("measure") or EVENTS
    if measure not in MEASURES:
        raise FilterError(f"measure must be {choice(MEASURES)}.")
    event = names.event(query["event"]) if query.get("event") else None
    by = names.property_named(query["by"], event) if query.get("by") else None
    if by is not None and by.is_number and (measure not in COUNTS or not by.carried_by(event)):
        raise FilterError(f"by: {by.name} is a number; it can divide {', '.join(COUNTS)} of the event that has it.")
    if measure == SHARE and by is None:
        raise FilterError("A share needs by, the property whose values share the events.")
    step = query.get("step") or NO_STEP
    if step not in STEPS:
        raise FilterError("step must be minute, hour, day or week; leave it out for the whole range.")
    if step in (HOUR_STEP, MINUTE_STEP) and (not filters.exact or measure in DAILY_MEASURES):
        raise FilterError(f"step={step} needs a range of up to 48 hours and a measure that is not of whole days.")
    if measure == RETENTION and step not in (NO_STEP, WEEK_STEP):
        raise FilterError(f"{RETENTION} is by the week in which instances were first seen; leave step out.")
    step = WEEK_STEP if measure == RETENTION else step
    segment = parse_segment([text for text in where if text], filters, names, event)
    return Question(measure, event, _measured(measure, event, query.get("of") or "", names), by, step, segment)


def _measured(measure: str, event: str | None, name: str, names: QuestionNames) -> EventProperty | None:
    """The property that a rate or a percentile is of; the event's only one where the question names none."""
    kind = Flag if measure == RATE else Amount if measure in PERCENTILES else None
    if kind is None:
        if name:
            raise FilterError(f"of is for rate, {', '.join(PERCENTILES)} only.")
        return None
    if event is None:
        raise FilterError(f"{measure} needs event.")
    known = [each for each in names.properties(event) if each.events and isinstance(each.kind, kind)]
    # Without a name, a question about calls is about their success and duration, whatever the product adds to them.
    fitting = [each for each in known if name == each.name] if name else names.without_extra(event, known) or known
    what = "boolean" if kind is Flag else "number"
    if not known:
        raise FilterError(f"{event} has no {what}, so there is no {measure} of it.")
    if len(fitting) != 1:
        raise FilterError(f"of names the {what} of {event}: {', '.join(each.name for each in known)}.")
    return fitting[0]
