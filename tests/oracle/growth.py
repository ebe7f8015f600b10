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
    yield from _further(fleet, 2, lambda event: event.properties.get("product_version") == RELEASE)


def even_growth(fleet: Fleet, events: Sequence[FleetEvent]) -> Iterator[FleetEvent]:
    """Twice as many instances, which are like the others."""
    yield from events
    yield from _further(fleet, 1, lambda event: True)


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


def _further(fleet: Fleet, times: int, concerned: Callable[[FleetEvent], bool]) -> Iterator[FleetEvent]:
    """What so many times as many instances do in the last week, with their latest start before: each its own life."""
    larger, since = replace(fleet, instances=(1 + times) * fleet.instances), last_week(fleet)
    further = {
        event.uuid: event
        for request in larger.requests(range(fleet.instances, larger.instances))
        for event in request.events
        if concerned(event)
    }
    late = [event for event in further.values() if event.at >= since]
    present, latest = {event.instance for event in late}, dict[str, FleetEvent]()
    for event in sorted(further.values(), key=lambda each: each.at):
        if event.event == STARTED and event.at < since and event.instance in present:
            latest[event.instance] = replace(event, at=since)
    yield from latest.values()
    yield from late


def _copy(event: FleetEvent, number: int, **changed: Any) -> FleetEvent:
    identifier = str(uuid.UUID(int=Random(f"{event.uuid}/{number}").getrandbits(128), version=4))
    known, sent = ({**side, **changed} for side in (event.properties, event.wire_properties))
    return replace(event, uuid=identifier, properties=known, wire_properties=sent)
