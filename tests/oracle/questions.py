"""The true answers to arbitrary questions, in plain Python over a fleet's events: no SQL, no roll-ups.

A question is a measure of an event, by a property, over time, where conditions hold. What the event carries is looked
up in the event. Anything else is looked up in its instance: what `server_started` says as the state on the event's day,
anything else as what happened to the instance in the range.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from tests.oracle.fleet import FleetEvent, is_wanted, lasting, text_of
from tests.oracle.world import DAY, STEP_LENGTHS, WEEK, bucket_of, percentile, week_of

COMMON = ("product_version", "ai_provider", "is_internal")
STANDING = "standing"  # a test writes it into the events
CARRIED = {
    "tool_executed": ("tool", "success", "mcp_client"),
    "tool_error": ("tool", "error_type"),
    "server_started": ("k8s_version", "deployment_method"),
    "server_stopped": (),
    "client_connected": ("mcp_client", "mcp_client_version", "transport"),
}
"""Built-in event to its properties that are no numbers."""
VERSIONS_BY_PARTS = ("k8s_version", "mcp_client_version", "engine_version")
"""Properties of which `1.29` selects `1.29.3` too."""
_PERCENTS = {"median": 50, "p95": 95, "p99": 99}
_DAILY = ("new", "returning", "lost", "came_back", "retention")
_BEFORE = ("lost", "came_back")


@dataclass(frozen=True)
class Where:
    """A condition: the property, whether it is `is_not`, and the values; '' is to have none.

    `event` restricts a property of several events to one of them.
    """

    name: str
    negated: bool
    values: tuple[str, ...]
    event: str | None = None
    is_number: bool = False


@dataclass(frozen=True)
class AnyQuestion:
    """A question, with its range in epoch seconds; one of whole days unless `exact`.

    What is lost or comes back is known in steps that are over at `now`.
    """

    start: int
    end: int
    measure: str = "events"
    event: str | None = None
    of: str | None = None
    by: Where | None = None
    step: str = ""
    where: tuple[Where, ...] = ()
    internal: str = "hide"
    exact: bool = False
    now: int = 1 << 40


class QuestionTruth:
    """The true answers over some events, each UUID once.

    `carried` is each event's properties; `kept` the values of a property that are shown, of those that have too many.
    """

    def __init__(
        self,
        events: Iterable[FleetEvent],
        carried: Mapping[str, Sequence[str]] = CARRIED,
        kept: Mapping[str, set[str]] | None = None,
    ) -> None:
        self._events = sorted({event.uuid: event for event in events}.values(), key=lambda event: event.at)
        self._carried, self._kept = carried, kept or {}

    def answer(self, question: AnyQuestion) -> list[list[Any]]:
        """The rows: [step,] [value of `by`,] measure, and the counts behind it; retention is by week."""
        question = replace(question, step="week") if question.measure == "retention" else question
        asked, now = question, question
        if question.measure in _DAILY:
            asked = now = replace(
                question, start=bucket_of(question.start, "day"), end=-bucket_of(-question.end, "day"), exact=False
            )
        if question.step == "week" and question.measure in ("retention", *_BEFORE):
            asked = now = replace(asked, start=week_of(asked.start), end=week_of(asked.end + WEEK - 1))
        if question.measure in _BEFORE:
            back = STEP_LENGTHS[question.step] if question.step else asked.end - asked.start
            asked = replace(asked, start=asked.start - back, end=asked.end - back)
        scope = Scope(self._events, asked, self._carried, self._kept)
        groups: defaultdict[tuple[int, Any], list[FleetEvent]] = defaultdict(list)
        totals: defaultdict[int, int] = defaultdict(int)
        for event in scope.matching():
            bucket = bucket_of(event.at, question.step)
            totals[bucket] += not (question.by and question.by.is_number) or question.by.name in event.properties
            for value in scope.values(event, question.by) if question.by else ("",):
                groups[bucket, value].append(event)
        rows = []
        for (bucket, value), group in groups.items():
            if question.measure == "retention":
                measured = self._retention(now, bucket, group)
            else:
                measured = [self._measured(question, now, bucket, group, totals[bucket])]
            for cells in filter(None, measured):
                rows.append((bucket, 0 if isinstance(value, float) else -cells[-1], value, cells))
        return [
            [*_labels(question, bucket, value), *cells]
            for bucket, _, value, cells in sorted(rows, key=lambda row: row[:3])
        ]

    def call_cells(self, question: AnyQuestion, side: tuple[Where, ...] = ()) -> dict[str, set[tuple[Any, ...]]]:
        """Instance → (day, version, tool, client, provider, is it in the side, Kubernetes, deployment, calls, errors).

        Of the tool calls of a question's range and conditions; the states are those of the instance on the day.
        """
        asked = replace(question, event="tool_executed")
        scope = Scope(self._events, asked, self._carried, self._kept)
        inside = {
            event.uuid
            for event in Scope(self._events, replace(asked, where=side), self._carried, self._kept).matching()
        }
        cells: defaultdict[tuple[str, tuple[Any, ...]], list[int]] = defaultdict(lambda: [0, 0])
        for event in scope.matching():
            carried = [text_of(event, name) for name in ("product_version", "tool", "mcp_client", "ai_provider")]
            states = [
                "".join(scope.all_values(event, Where(name, False, ())))
                for name in ("k8s_version", "deployment_method")
            ]
            pair = cells[event.instance, (event.at // DAY, *carried, event.uuid in inside, *states)]
            pair[0] += 1
            pair[1] += event.properties.get("success") is False
        result: defaultdict[str, set[tuple[Any, ...]]] = defaultdict(set)
        for (instance, key), pair in cells.items():
            result[instance].add((*key, *pair))
        return result

    def _measured(
        self, question: AnyQuestion, now: AnyQuestion, bucket: int, group: list[FleetEvent], total: int
    ) -> list[Any]:
        measure = question.measure
        if measure in _BEFORE and question.step and bucket + 2 * STEP_LENGTHS[question.step] > question.now:
            return []
        if measure == "share":
            return [len(group) / total, len(group)]
        if measure == "rate":
            told = [event.properties[question.of or ""] for event in group if (question.of or "") in event.properties]
            hits = sum(value is not (question.of == "success" and question.event == "tool_executed") for value in told)
            return [hits / len(told), hits, len(told)] if told else []
        if measure in _PERCENTS:
            of = question.of or ""
            numbers = sorted(event.properties[of] for event in group if of in event.properties)
            return [percentile(numbers, _PERCENTS[measure]), len(numbers)] if numbers else []
        counted = {"events": lambda: len(group), "instances": lambda: len(lasting(group))}
        if measure in counted:
            return [number] if (number := counted[measure]()) else []
        if measure == "came_back":
            before = lasting(group)
            back = len([one for one in before if not self._is("lost", one, question.step, bucket, now)])
            return [back / len(before), back, len(before)] if before else []
        number = len([one for one in lasting(group) if self._is(measure, one, question.step, bucket, now)])
        return [number] if number else []

    def _retention(self, now: AnyQuestion, week: int, group: list[FleetEvent]) -> list[list[Any]]:
        """Of the instances of a group that were first seen in its week, those that were seen in each later one."""
        seen = {one: {week_of(day * DAY) for day in self._days(one, now)} for one in lasting(group)}
        begun = [weeks for weeks in seen.values() if min(weeks) == week]
        rows, later = [], week
        while begun and later + WEEK <= min(now.now, now.end):
            back = sum(later in weeks for weeks in begun)
            rows.append([(later - week) // WEEK, back / len(begun), back, len(begun)])
            later += WEEK
        return rows

    def _is(self, measure: str, instance: str, step: str, bucket: int, now: AnyQuestion) -> bool:
        """Whether an instance is new, returning or lost in a bucket, or in the whole range."""
        days = self._days(instance, now)
        if measure == "lost":
            first, end = (
                (bucket + STEP_LENGTHS[step], bucket + 2 * STEP_LENGTHS[step]) if step else (now.start, now.end)
            )
            return not any(first <= day * DAY < end for day in days)
        since = bucket if step else now.start
        return (days[0] * DAY >= since) is (measure == "new")

    def _days(self, instance: str, now: AnyQuestion) -> list[int]:
        """The days on which an instance was seen, at any time."""
        return sorted(
            event.at // DAY for event in self._events if event.instance == instance and is_wanted(event, now.internal)
        )


def _labels(question: AnyQuestion, bucket: int, value: Any) -> list[Any]:
    labels: list[Any] = []
    if question.step in ("day", "week"):
        bucket += STEP_LENGTHS[question.step] if question.measure in _BEFORE else 0
        labels.append(datetime.fromtimestamp(bucket, UTC).strftime("%Y-%m-%d"))
    elif question.step:
        labels.append(datetime.fromtimestamp(bucket, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    if question.by:
        labels.append(value if question.by.is_number else {"true": True, "false": False, "": None}.get(value, value))
    return labels


@dataclass
class Scope:
    """The events of a question's range, and what their instances were and met in it.

    Conditions on a property `by_instance` are about the instance, even where the event carries it.
    """

    events: Sequence[FleetEvent]
    question: AnyQuestion
    carried: Mapping[str, Sequence[str]]
    kept: Mapping[str, set[str]]
    by_instance: Sequence[str] = ()
    in_range: list[FleetEvent] = field(init=False)

    def __post_init__(self) -> None:
        question = self.question
        self.in_range = [
            event
            for event in self.events
            if question.start <= event.at < question.end and is_wanted(event, question.internal)
        ]
        self._instances: dict[tuple[str, str | None], Callable[[FleetEvent], set[str]]] = {}

    def matching(self) -> list[FleetEvent]:
        """The events that count."""
        return [event for event in self.in_range if self.question.event in (None, event.event) and self.fits(event)]

    def fits(self, event: FleetEvent) -> bool:
        """Whether an event of any time fulfils all conditions."""
        return all(self._fits(event, where) is not where.negated for where in self.question.where)

    def values(self, event: FleetEvent, by: Where) -> tuple[str | float, ...]:
        """The values of `by` that an event counts for, as they are shown; '' where it has none.

        An event without a number is not in the distribution of that number.
        """
        if by.is_number:
            return (float(event.properties[by.name]),) if by.name in event.properties else ()
        shown = {self._shown(by.name, value) for value in self.all_values(event, by)}
        return tuple(sorted(shown)) or ("",)

    def _shown(self, name: str, value: str) -> str:
        return value if not value or name not in self.kept or value in self.kept[name] else "other"

    def _fits(self, event: FleetEvent, where: Where) -> bool:
        values = {value for value in self.all_values(event, where) if value}
        return ("" in where.values and not values) or any(
            value in where.values
            or self._shown(where.name, value) in where.values
            or (where.name in VERSIONS_BY_PARTS and value.startswith(tuple(f"{v}." for v in where.values if v)))
            for value in values
        )

    def all_values(self, event: FleetEvent, where: Where) -> set[str]:
        """The values that an event, or its instance on its day or in the range, has of a property."""
        name, asked = where.name, self.question.event
        own = [asked] if asked and where.event in (None, asked) and name in self.carried[asked] else []
        if name in (*COMMON, STANDING) or (own and name not in self.by_instance):
            return {text_of(event, name)} - {""}
        key = (name, where.event)
        if key not in self._instances:
            named = [where.event] if where.event else [each for each, names in self.carried.items() if name in names]
            carriers = own or named
            is_state = "server_started" in carriers
            self._instances[key] = self._states(name) if is_state else self._happenings(name, carriers)
        return self._instances[key](event)

    def _states(self, name: str) -> Callable[[FleetEvent], set[str]]:
        starts: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        for event in self.in_range:
            if event.event == "server_started":
                starts[event.instance].append((event.at, text_of(event, name)))

        first, last = self.question.start // DAY, (self.question.end - 1) // DAY

        def state(event: FleetEvent) -> set[str]:
            # Outside of the range, an instance is what it was on the nearest day of it.
            known, day = starts[event.instance], min(max(event.at // DAY, first), last)
            before = [start for start in known if start[0] // DAY <= day]
            found = max(before) if before else min(known) if known else (0, "")
            return {found[1]} - {""}

        return state

    def _happenings(self, name: str, carriers: Sequence[str]) -> Callable[[FleetEvent], set[str]]:
        met: defaultdict[str, set[str]] = defaultdict(set)
        for event in self.in_range:
            if event.event in carriers:
                met[event.instance] |= {text_of(event, name)} - {""}
        return lambda event: met[event.instance]
