"""A product with events of its own: its catalogue, and the events that its servers add to those of a fleet.

The own events have properties of every kind; some are optional, and `error_type` is a property of a built-in event too.
"""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import replace
from random import Random
from typing import Annotated, Any

from footfall.catalogue import Amount, Catalogue, Event, Flag, Identifier, Property, Version, Vocabulary, catalogue_for
from tests.oracle.fleet import FleetEvent, FleetRequest
from tests.oracle.world import rounded

PRODUCT = "backup-tool"
TRIGGERS = ("schedule", "hand", "webhook")
ENGINES = ("1.2.0", "1.2.1", "1.10.0", "2.0.0-rc")
STEPS = ("Snapshot", "Upload", "Verify", "Prune")


def _property(kind: Any, *, required: bool = True) -> Property:
    return Property(kind, meaning="Of a backup", purpose="Try questions", question="next", required=required)


class BackupFinished(Event, frozen=True, tag="backup_finished"):
    meaning = "A backup ended."

    trigger: Annotated[str, _property(Vocabulary("trigger", TRIGGERS))]
    complete: Annotated[bool, _property(Flag())]
    engine_version: Annotated[str | None, _property(Version(), required=False)] = None
    error_type: Annotated[str | None, _property(Identifier(), required=False)] = None
    size_mb: Annotated[float | None, _property(Amount("MB", 10**6), required=False)] = None
    seconds: Annotated[float | None, _property(Amount("seconds", 86_400), required=False)] = None


class PlanViewed(Event, frozen=True, tag="Plan viewed: it's new"):
    meaning = "A plan was shown. The name is one that no table can have."

    encrypted: Annotated[bool | None, _property(Flag(), required=False)] = None
    n: Annotated[str | None, _property(Vocabulary("n", ("one, two", "back\\slash", "it's")), required=False)] = None


class StepSkipped(Event, frozen=True, tag="step_skipped"):
    meaning = "A step of a backup was left out."

    step: Annotated[str, _property(Identifier())]
    value: Annotated[float, _property(Amount("items", 1000))]


def catalogue() -> Catalogue:
    """The product's catalogue."""
    return catalogue_for(PRODUCT, events=(BackupFinished, PlanViewed, StepSkipped))


def with_own_events(request: FleetRequest) -> FleetRequest:
    """A request of a fleet with the own events that belong to its events."""
    return replace(request, events=tuple(one for event in request.events for one in (event, *own_events(event))))


def all_events(events: Iterable[FleetEvent]) -> Iterator[FleetEvent]:
    """A fleet's events with the own events that belong to them."""
    for event in events:
        yield event
        yield from own_events(event)


def own_events(event: FleetEvent) -> Iterator[FleetEvent]:
    """The own events that happen with a fleet's event; the same for the same event."""
    rng = Random(f"own/{event.uuid}")
    made: list[tuple[str, dict[str, Any]]] = []
    if event.event == "server_started" or (event.event == "tool_executed" and rng.random() < 0.2):
        made.append(("backup_finished", _backup(rng)))
    if rng.random() < 0.1:
        made.append(("Plan viewed: it's new", {"encrypted": rng.choice((True, False, None)), "n": rng.choice(_PLANS)}))
    if rng.random() < 0.05:
        made.append(("step_skipped", {"step": rng.choice(STEPS), "value": rounded(rng.random() * 30)}))
    common = {name: event.properties[name] for name in _COMMON if name in event.properties}
    names = {"product_version": f"{PRODUCT.replace('-', '_')}_version"}
    for name, properties in made:
        known = {key: value for key, value in (properties | common).items() if value is not None}
        wire = {names.get(key, key): value for key, value in known.items()}
        number = uuid.UUID(int=rng.getrandbits(128), version=4)
        yield FleetEvent(event.at, name, event.instance, str(number), known, wire)


def _backup(rng: Random) -> dict[str, Any]:
    complete = rng.random() < 0.8
    return {
        "trigger": rng.choice(TRIGGERS),
        "complete": complete,
        "engine_version": rng.choice((*ENGINES, None)),
        "error_type": None if complete else rng.choice(("DiskFull", "TimeoutError")),
        "size_mb": rounded(rng.lognormvariate(3, 2)) if rng.random() < 0.9 else None,
        "seconds": rounded(rng.lognormvariate(4, 1)),
    }


_COMMON = ("product_version", "ai_provider", "is_internal")
_PLANS = ("one, two", "back\\slash", "it's", None)
