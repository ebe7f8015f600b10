"""The oracle: a seeded fleet of instances whose events are known, and the true answer to every chart.

This module makes the fleet's events, as they happen and as PostHog batches. `world` has the tools, clients, providers
and releases with their shares; `instances` the life of one instance as a row of server processes; `outages` when a
provider or the collector is down; `truth` the true answer to every chart in plain Python, without SQL; `command_line`
prints or posts events and answers (`python tests/oracle/fleet.py --help`).

The same seed, size, days and end give the same events, and another instance changes nothing about the others. The
oracle shares no code with the collector: it has its own rounding and its own calendar.
"""

import os
import sys
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import Any

if not __package__:  # run as a file, so that only its folder is on the path
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from tests.oracle.instances import Instance, Process, make_instance, processes
from tests.oracle.outages import Outage, outages
from tests.oracle.world import DAY, HOUR, K8S_SUFFIXES, TOOLS, UNLISTED_CLIENTS, Client, Tool, rounded

BATCH_EVENTS = 100
_RETRIED, _LATE = 0.03, 0.02
_FAILING_IN_OUTAGE = 0.9
ASKS_PROVIDER = "AIProviderError"
"""The error class of a tool that needs a provider."""


@dataclass(frozen=True, slots=True)
class FleetEvent:
    """One event.

    Attributes:
        at: epoch seconds, by a right clock.
        instance: the instance ID that is sent.
        properties: what the collector may know, by its names in the journal.
        wire_properties: what is sent, by its names on the wire.
    """

    at: int
    event: str
    instance: str
    uuid: str
    properties: Mapping[str, Any]
    wire_properties: Mapping[str, Any]


@dataclass(frozen=True)
class FleetRequest:
    """A request: its receipt (epoch seconds), the seconds that the sender's clock is ahead, and the events."""

    received: int
    skew: int
    events: tuple[FleetEvent, ...]

    @property
    def sent_at(self) -> int:
        """Epoch seconds by the sender's clock."""
        return self.received + self.skew

    def wire_events(self) -> list[dict[str, Any]]:
        """The events as PostHog events, stamped by the sender's clock."""
        return [wire_event(event, self.skew) for event in self.events]


@dataclass(frozen=True)
class Fleet:
    """A fleet over the days up to `end` (epoch seconds). `busy` multiplies the calls of a session.

    In a `calm` one no provider is down and no release is bad.
    """

    instances: int = 200
    days: int = 30
    seed: int = 1
    end: int = 1_795_478_400  # 2026-11-24T00:00:00Z
    product: str = "dot-ai"
    busy: float = 1.0
    calm: bool = False

    @property
    def start(self) -> int:
        """Epoch seconds."""
        return self.end - self.days * DAY

    def events(self) -> Iterator[FleetEvent]:
        """Every event, instance by instance."""
        for number in range(self.instances):
            for _, event in self._events_of(number):
                yield event

    def requests(self, numbers: Iterable[int] | None = None) -> Iterator[FleetRequest]:
        """Requests of all instances, or of those in `numbers`: instance by instance, some late, some sent twice."""
        for number in range(self.instances) if numbers is None else numbers:
            yield from self._requests(number)

    @property
    def outages(self) -> tuple[Outage, ...]:
        """The outages of AI providers and of the collector."""
        return outages(self.seed, self.start, self.end)

    def _events_of(self, number: int) -> Iterator[tuple[Instance, FleetEvent]]:
        instance = make_instance(self.seed, number, self.start, self.end)
        instance.rate *= self.busy
        for process in processes(instance, self.start, self.end):
            down = tuple(outage for outage in self.outages if outage.provider and outage.provider == process.provider)
            if self.calm:
                down = ()
            life = replace(process, bad=process.bad and not self.calm)
            for event in _events(instance, life, self.product, down):
                if self.start <= event.at < self.end:
                    yield instance, event

    def _requests(self, number: int) -> Iterator[FleetRequest]:
        delays = Random(f"footfall/{self.seed}/{number}/network")
        for instance, events in _batched(self._events_of(number)):
            last = max(event.at for event in events)
            late = delays.random() < _LATE
            delay = delays.randrange(HOUR, 20 * DAY) if late else delays.randrange(1, 12)
            received = self._reached(last + delay, delays)
            yield FleetRequest(received, instance.skew, events)
            if delays.random() < _RETRIED:
                yield FleetRequest(
                    self._reached(received + delays.randrange(1, 3 * DAY), delays), instance.skew, events
                )

    def _reached(self, moment: int, delays: Random) -> int:
        """The time of receipt of a request that is sent at a moment: after the collector's outage, if any."""
        for outage in self.outages:
            if not outage.provider and outage.covers(moment):
                moment = outage.end + delays.randrange(1, 600)
        return min(moment, self.end)


def _batched(life: Iterator[tuple[Instance, FleetEvent]]) -> Iterator[tuple[Instance, tuple[FleetEvent, ...]]]:
    """An instance's events in batches: of at most an hour and at most `BATCH_EVENTS`."""
    waiting: list[FleetEvent] = []
    instance: Instance | None = None
    for instance, event in life:
        if waiting and (len(waiting) == BATCH_EVENTS or not 0 <= event.at - waiting[0].at < HOUR):
            yield instance, tuple(waiting)
            waiting = []
        waiting.append(event)
    if instance is not None and waiting:
        yield instance, tuple(waiting)


def _events(instance: Instance, process: Process, product: str, down: tuple[Outage, ...]) -> Iterator[FleetEvent]:
    """The events of a server process, in their order."""
    common: dict[str, Any] = {"product_version": process.version, "ai_provider": process.provider}
    if not instance.bare:
        common["is_internal"] = instance.internal
    common = {name: value for name, value in common.items() if value is not None}
    factory = _EventFactory(instance, common, f"{product.replace('-', '_')}_version", down)
    started = {"k8s_version": process.k8s_version, "deployment_method": instance.method}
    raw = f"v{process.k8s_version}{instance.rng.choice(K8S_SUFFIXES)}" if process.k8s_version else None
    yield factory.event(process.start, "server_started", started, {"k8s_version": raw})
    for begin in process.sessions:
        yield from _session(factory, begin, process)
    if not process.killed:
        uptime = float(process.stop - process.start)
        yield factory.event(
            process.stop, "server_stopped", {"uptime_seconds": rounded(uptime)}, {"uptime_seconds": uptime}
        )


def _session(factory: "_EventFactory", begin: int, process: Process) -> Iterator[FleetEvent]:
    instance = factory.instance
    client = instance.rng.choice(instance.clients)
    if client.name != "http":
        yield _connected(factory, begin, client)
    moment = begin
    for _ in range(1 + int(instance.rng.expovariate(1 / instance.rate))):
        moment += 1 + int(instance.rng.expovariate(1 / 90))
        if moment >= process.stop:
            return
        yield from _call(factory, moment, client, process.bad)


def _connected(factory: "_EventFactory", at: int, client: Client) -> FleetEvent:
    rng = factory.instance.rng
    version = rng.choice(client.versions) if client.versions else None
    transport = "stdio" if factory.instance.kind != "cluster" else client.remote
    properties = {"mcp_client": client.name, "mcp_client_version": version, "transport": transport}
    if factory.instance.typescript:
        del properties["transport"]
    wire = {"mcp_client_version": "not-a-version"} if version == "other" else {}
    return factory.event(at, "client_connected", properties, wire | _client_name(client, rng))


def _call(factory: "_EventFactory", at: int, client: Client, bad: bool) -> Iterator[FleetEvent]:
    rng = factory.instance.rng
    [tool] = rng.choices(TOOLS, factory.instance.tools)
    # A tool that needs a provider nearly always fails with the provider's error while the provider is down.
    down = ASKS_PROVIDER in tool.errors and any(outage.covers(at) for outage in factory.down)
    failed = rng.random() < (_FAILING_IN_OUTAGE if down else min(0.9, tool.failing * (3 if bad else 1)))
    exact = rng.lognormvariate(0, 0.7) * tool.median_ms
    properties = {"tool": tool.name, "success": not failed, "duration_ms": rounded(exact), "mcp_client": client.name}
    # Footfall's client rounds before it sends, the TypeScript client doesn't: both must end as the same number.
    wire = (
        _tool_name(tool, rng)
        | _client_name(client, rng)
        | ({"duration_ms": exact} if factory.instance.typescript else {})
    )
    yield factory.event(at, "tool_executed", properties, wire)
    if failed:
        error = rng.choices(tool.errors, [1 / rank for rank in range(1, len(tool.errors) + 1)])[0]
        error = ASKS_PROVIDER if down else error
        beyond = {"mcp_client": client.name} if factory.instance.typescript else {}
        yield factory.event(at, "tool_error", {"tool": tool.name, "error_type": error}, beyond | _tool_name(tool, rng))


def _client_name(client: Client, rng: Random) -> dict[str, str]:
    return {"mcp_client": rng.choice(UNLISTED_CLIENTS)} if client.name == "other" else {}


def _tool_name(tool: Tool, rng: Random) -> dict[str, str]:
    return {"tool": f"tool of team {rng.randrange(9)}"} if tool.name == "other" else {}


@dataclass(frozen=True)
class _EventFactory:
    """Makes an instance's events. `down` are the outages of its AI provider."""

    instance: Instance
    common: Mapping[str, Any]
    version_name: str
    down: tuple[Outage, ...]

    def event(self, at: int, name: str, properties: Mapping[str, Any], wire_only: Mapping[str, Any]) -> FleetEvent:
        """An event with the properties that may be known; `wire_only` replaces or adds to them on the wire."""
        known = {key: value for key, value in {**properties, **self.common}.items() if value is not None}
        sent = {key: value for key, value in {**known, **wire_only}.items() if value is not None}
        if "product_version" in sent:
            sent[self.version_name] = sent.pop("product_version")
        if self.instance.typescript:
            sent |= {"$lib": "posthog-node", "$lib_version": "5.70.0", "$geoip_disable": True}
        number = uuid.UUID(int=self.instance.rng.getrandbits(128), version=4)
        return FleetEvent(at, name, self.instance.id, str(number), known, sent)


def wire_event(event: FleetEvent, skew: int = 0) -> dict[str, Any]:
    """An event in PostHog's protocol, stamped by a clock that is `skew` seconds ahead."""
    return {
        "event": event.event,
        "uuid": event.uuid,
        "distinct_id": event.instance,
        "timestamp": stamp(event.at + skew),
        "properties": dict(event.wire_properties),
    }


def stamp(at: int) -> str:
    """Epoch seconds as RFC 3339, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_wanted(event: FleetEvent, internal: str) -> bool:
    return internal == "all" or bool(event.properties.get("is_internal")) is (internal == "only")


def text_of(event: FleetEvent, name: str) -> str:
    value = event.properties.get(name)
    return {True: "true", False: "false", None: ""}[value] if value is None or isinstance(value, bool) else str(value)


def lasting(events: Iterable[FleetEvent]) -> set[str]:
    return {event.instance for event in events if not event.instance.startswith("ephemeral_")}


def main() -> int:
    """See `--help`."""
    from tests.oracle.command_line import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
