"""What makes the number of calls, or of instances, larger in the last week of a fleet: planted as further events."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from tests.oracle.fleet import Fleet, FleetEvent
from tests.oracle.world import DAY

CALL, STARTED = "tool_executed", "server_started"
CLIENT, TOOL, RELEASE = "zed", "query", "1.12.0"
LOOPED, MANY = 6, 25


def last_week(fleet: Fleet) -> int:
    """Epoch seconds of its beginning."""
    return fleet.end - 7 * DAY


def nothing(fleet: Fleet, events: Sequence[FleetEvent]) -> Iterator[FleetEvent]:
    del fleet
    yield from events


def new_client(fleet: Fleet, events: Sequence[FleetEvent]) -> Iterator[FleetEvent]:
    """A client that nobody used before makes about half of the calls, in three of four instances."""
    for event in events:
        yield event
        if _is_late_call(fleet, event) and Random(event.instance).random() < 0.75:
            yield _copy(event, 0, mcp_client=CLIENT)


def looping_tool(fleet: Fleet, events: Sequence[FleetEvent]) -> Iterator[FleetEvent]:
    """Everybody calls one tool many times in a row."""
    for event in events:
        yield event
        if _is_late_call(fleet, event) and event.properties["tool"] == TOOL:
            yield from (_copy(event, number) for number in range(1, LOOPED))


def popular_release(fleet: Fleet, events: Sequence[FleetEvent]) -> Iterator[FleetEvent]:
    """Three times as many instances run a release."""
    yield from events
    yield from _further(fleet, events, 2, lambda event: event.properties.get("product_version") == RELEASE)


def even_growth(fleet: Fleet, events: Sequence[FleetEvent]) -> Iterator[FleetEvent]:
    """Twice as many instances, which are like the others."""
    yield from events
    yield from _further(fleet, events, 1, lambda event: True)


def busy_instances(fleet: Fleet, events: Sequence[FleetEvent]) -> Iterator[FleetEvent]:
    """Two instances call a tool all day long."""
    callers = sorted({event.instance for event in events if _is_late_call(fleet, event)})
    busy = Random(f"footfall/{fleet.seed}/busy").sample(callers, 2)
    for event in events:
        yield event
        if _is_late_call(fleet, event) and event.instance in busy:
            yield from (_copy(event, number, tool=TOOL) for number in range(MANY))


Planted = Callable[[Fleet, Sequence[FleetEvent]], Iterator[FleetEvent]]
GROWTH: Mapping[str, Planted] = {
    "nothing": nothing,
    "client": new_client,
    "tool": looping_tool,
    "version": popular_release,
    "even": even_growth,
    "busy": busy_instances,
}
VALUES = {"client": CLIENT, "tool": TOOL, "version": RELEASE}
"""What should be named."""


def _is_late_call(fleet: Fleet, event: FleetEvent) -> bool:
    return event.event == CALL and event.at >= last_week(fleet)


def _further(
    fleet: Fleet, events: Sequence[FleetEvent], times: int, concerned: Callable[[FleetEvent], bool]
) -> Iterator[FleetEvent]:
    """Further instances that do what others do in the last week, with their latest start before."""
    since, latest = last_week(fleet), dict[str, FleetEvent]()
    for event in events:
        if event.event == STARTED and event.at < since and concerned(event):
            before = latest.get(event.instance)
            latest[event.instance] = event if before is None or before.at < event.at else before
    late = [event for event in events if event.at >= since and concerned(event)]
    states = [replace(event, at=since) for event in latest.values()]
    callers = {event.instance for event in late}
    for event in (*(each for each in states if each.instance in callers), *late):
        for number in range(times):
            yield replace(_copy(event, number), instance=f"{event.instance[:-1]}-{number}")


def _copy(event: FleetEvent, number: int, **changed: Any) -> FleetEvent:
    identifier = str(uuid.UUID(int=Random(f"{event.uuid}/{number}").getrandbits(128), version=4))
    known, sent = ({**side, **changed} for side in (event.properties, event.wire_properties))
    return replace(event, uuid=identifier, properties=known, wire_properties=sent)
