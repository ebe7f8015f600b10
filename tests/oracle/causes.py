"""Causes of failing calls that are planted into a fleet: a provider's outage, a client's bug, a release's bug.

A calm fleet (`Fleet(calm=True)`) has none of its own. `plant` makes some of its successful calls fail, so that the same
fleet can be asked with and without a cause, and what caused its errors is known.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from tests.oracle.fleet import ASKS_PROVIDER, FleetEvent
from tests.oracle.world import CLIENTS, DAY, HOUR, PROVIDERS, TOOLS, pick

CauseKind = Literal["outage", "client", "release"]
KINDS: tuple[CauseKind, ...] = ("outage", "client", "release")
MIN_FAILURES = 40
"""Additional failing calls of a planted cause: fewer would be no spike that a maintainer asks about."""
MIN_INSTANCES = 5
"""Instances with an additional failure or more."""
FAILING_IN_OUTAGE = 0.9
_FAILING = {tool.name: tool.failing for tool in TOOLS}
_ASKING = frozenset(tool.name for tool in TOOLS if ASKS_PROVIDER in tool.errors)
_COLUMNS = {"outage": "ai_provider", "client": "mcp_client", "release": "product_version"}


@dataclass(frozen=True)
class PlantedCause:
    """What makes calls fail.

    Attributes:
        value: the provider, the client or the version.
        begin: epoch seconds, included.
        end: epoch seconds, excluded.
        rates: tool → the share of its calls that fail; other tools are as usual.
    """

    kind: CauseKind
    value: str
    begin: int
    end: int
    rates: dict[str, float]

    def concerns(self, event: FleetEvent) -> bool:
        """Whether a call is made under the cause."""
        if not self.begin <= event.at < self.end or event.event != "tool_executed":
            return False
        return event.properties["tool"] in self.rates and event.properties.get(_COLUMNS[self.kind]) == self.value


def plant(events: Iterable[FleetEvent], cause: PlantedCause, seed: int) -> Iterator[FleetEvent]:
    """The events with the failures that the cause adds; each has its `tool_error`.

    Whether a call fails depends on its UUID only, so that an event that is sent twice is the same both times.
    """
    for event in events:
        if not cause.concerns(event) or not event.properties["success"]:
            yield event
            continue
        tool = event.properties["tool"]
        usual, rng = _FAILING[tool], Random(f"footfall/{seed}/cause/{event.uuid}")
        if rng.random() >= (cause.rates[tool] - usual) / (1 - usual):
            yield event
            continue
        yield replace(
            event,
            properties={**event.properties, "success": False},
            wire_properties={**event.wire_properties, "success": False},
        )
        yield _error_of(event, ASKS_PROVIDER if cause.kind == "outage" else "ValidationError", rng)


def _error_of(call: FleetEvent, error_type: str, rng: Random) -> FleetEvent:
    dropped = ("success", "duration_ms", "mcp_client")
    known, sent = (
        {**{name: value for name, value in side.items() if name not in dropped}, "error_type": error_type}
        for side in (call.properties, call.wire_properties)
    )
    number = f"{rng.getrandbits(128):032x}"
    identifier = f"{number[:8]}-{number[8:12]}-4{number[13:16]}-a{number[17:20]}-{number[20:]}"
    return replace(call, event="tool_error", uuid=identifier, properties=known, wire_properties=sent)


def draw_cause(kind: CauseKind, events: Iterable[FleetEvent], start: int, end: int, seed: int) -> PlantedCause:
    """A cause that a maintainer could tell from a single instance's trouble, at a random time of the fleet's days.

    External instances have at least `MIN_FAILURES` additional failures by it, five of them or more, and none has more
    than half. Raises ValueError where the fleet is too small for one.
    """
    rng = Random(f"footfall/{seed}/{kind}")
    calls = [event for event in events if event.event == "tool_executed" and not event.properties.get("is_internal")]
    for _ in range(300):
        cause = _DRAWN[kind](rng, calls, start, end)
        if cause is not None and _is_visible(cause, calls):
            return cause
    raise ValueError(f"no {kind} of {MIN_FAILURES} failures fits into this fleet: take more instances")


def _is_visible(cause: PlantedCause, calls: Sequence[FleetEvent]) -> bool:
    failures: defaultdict[str, float] = defaultdict(float)
    for call in calls:
        if cause.concerns(call):
            tool = call.properties["tool"]
            failures[call.instance] += cause.rates[tool] - _FAILING[tool]
    total = sum(failures.values())
    affected = sum(number >= 1 for number in failures.values())
    return total >= MIN_FAILURES and affected >= MIN_INSTANCES and max(failures.values()) <= total / 2


def _outage(rng: Random, events: Sequence[FleetEvent], start: int, end: int) -> PlantedCause:
    """Two to nine hours, within a UTC day."""
    del events
    hours = rng.randrange(2, 10)
    begin = start + rng.randrange(3, (end - start) // DAY) * DAY + rng.randrange(24 - hours) * HOUR
    rates = dict.fromkeys(_ASKING, FAILING_IN_OUTAGE)
    return PlantedCause("outage", pick(rng, PROVIDERS), begin, begin + hours * HOUR, rates)


def _client(rng: Random, events: Sequence[FleetEvent], start: int, end: int) -> PlantedCause:
    """From one moment on, in all instances that use the client."""
    del events
    client = rng.choices(CLIENTS, [client.share for client in CLIENTS])[0].name
    begin = start + rng.randrange(5 * DAY, end - start - 3 * DAY)
    return PlantedCause("client", client, begin, end, _bug(rng))


def _release(rng: Random, events: Sequence[FleetEvent], start: int, end: int) -> PlantedCause | None:
    """A version that was first run within the fleet's days, and at least three days before its end."""
    first: dict[str, int] = {}
    for event in events:
        if version := event.properties.get("product_version"):
            first[version] = min(first.get(version, end), event.at)
    inside = sorted(version for version, at in first.items() if start + 4 * DAY <= at < end - 3 * DAY)
    return PlantedCause("release", rng.choice(inside), start, end, _bug(rng)) if inside else None


def _bug(rng: Random) -> dict[str, float]:
    """Every tool fails three times as often, or up to three tools fail in 15 to 50 % more of their calls."""
    if rng.random() < 0.4:
        return {tool: min(0.9, 3 * rate) for tool, rate in _FAILING.items()}
    tools = rng.sample(sorted(_FAILING), rng.randint(1, 3))
    return {tool: min(0.95, _FAILING[tool] + rng.uniform(0.15, 0.5)) for tool in tools}


_DRAWN = {"outage": _outage, "client": _client, "release": _release}
