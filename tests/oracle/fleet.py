"""A seeded fleet of instances: its events as they happened, and as they are sent in PostHog batches.

Nothing here is random but by the seed: the same seed, size, days and end give the same events, and one more instance
changes nothing of the others. The true answers to the charts' questions are in `tests/oracle/truth.py`, without SQL.
"""

import os
import sys
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

if not __package__:  # run as a file: only its folder is on the path then
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from tests.oracle.instances import Instance, Process, born, processes
from tests.oracle.outages import Outage, outages
from tests.oracle.world import DAY, HOUR, K8S_SUFFIXES, TOOLS, UNLISTED_CLIENTS, Client, Tool, rounded

BATCH = 100
_RETRIED, _LATE = 0.03, 0.02
_FAILING_IN_OUTAGE, _ASKS_PROVIDER = 0.9, "AIProviderError"


@dataclass(frozen=True, slots=True)
class Happened:
    """One event as it truly was.

    `at` in epoch seconds; `instance` as sent; `said` is what may be known of it, by the journal's names; `wire` what
    it is sent with, by the wire's.
    """

    at: int
    event: str
    instance: str
    uuid: str
    said: Mapping[str, Any]
    wire: Mapping[str, Any]


@dataclass(frozen=True)
class Sent:
    """One request: when it is received (epoch seconds), how far the sender's clock is ahead (s), and its events."""

    received: int
    skew: int
    events: tuple[Happened, ...]

    @property
    def sent_at(self) -> int:
        """By the sender's clock, epoch seconds."""
        return self.received + self.skew

    def wire(self) -> list[dict[str, Any]]:
        """The events as PostHog events, stamped by the sender's clock."""
        return [wire_event(event, self.skew) for event in self.events]


@dataclass(frozen=True)
class Fleet:
    """A fleet that is looked at for some days up to `end` (epoch seconds). `busy` multiplies the calls of a session."""

    instances: int = 200
    days: int = 30
    seed: int = 1
    end: int = 1_795_478_400  # 2026-11-24T00:00:00Z
    product: str = "dot-ai"
    busy: float = 1.0

    @property
    def start(self) -> int:
        """Epoch seconds of the first moment."""
        return self.end - self.days * DAY

    def happened(self) -> Iterator[Happened]:
        """Every event, instance by instance."""
        for number in range(self.instances):
            for _, event in self._life(number):
                yield event

    def sent(self, numbers: Iterable[int] | None = None) -> Iterator[Sent]:
        """Every request (of some instances, by number): instance by instance, some late, and some sent twice."""
        for number in range(self.instances) if numbers is None else numbers:
            yield from self._requests(number)

    @property
    def outages(self) -> tuple[Outage, ...]:
        """When an AI provider, or the collector, was out of reach."""
        return outages(self.seed, self.start, self.end)

    def _life(self, number: int) -> Iterator[tuple[Instance, Happened]]:
        one = born(self.seed, number, self.start, self.end)
        one.rate *= self.busy
        for process in processes(one, self.start, self.end):
            down = tuple(outage for outage in self.outages if outage.provider and outage.provider == process.provider)
            for event in _events(one, process, self.product, down):
                if self.start <= event.at < self.end:
                    yield one, event

    def _requests(self, number: int) -> Iterator[Sent]:
        delays = Random(f"footfall/{self.seed}/{number}/network")
        for one, events in _batched(self._life(number)):
            last = max(event.at for event in events)
            late = delays.random() < _LATE
            delay = delays.randrange(HOUR, 20 * DAY) if late else delays.randrange(1, 12)
            received = self._reached(last + delay, delays)
            yield Sent(received, one.skew, events)
            if delays.random() < _RETRIED:
                yield Sent(self._reached(received + delays.randrange(1, 3 * DAY), delays), one.skew, events)

    def _reached(self, moment: int, delays: Random) -> int:
        """When a request that is sent at a moment arrives: after the collector's outage, if one is under way."""
        for outage in self.outages:
            if not outage.provider and outage.covers(moment):
                moment = outage.end + delays.randrange(1, 600)
        return min(moment, self.end)


def _batched(life: Iterator[tuple[Instance, Happened]]) -> Iterator[tuple[Instance, tuple[Happened, ...]]]:
    """What an instance did within an hour, at most a batch."""
    waiting: list[Happened] = []
    one: Instance | None = None
    for one, event in life:
        if waiting and (len(waiting) == BATCH or not 0 <= event.at - waiting[0].at < HOUR):
            yield one, tuple(waiting)
            waiting = []
        waiting.append(event)
    if one is not None and waiting:
        yield one, tuple(waiting)


def _events(one: Instance, process: Process, product: str, down: tuple[Outage, ...]) -> Iterator[Happened]:
    """What a process says, in the order it happens."""
    common: dict[str, Any] = {"product_version": process.version, "ai_provider": process.provider}
    if not one.bare:
        common["is_internal"] = one.internal
    common = {name: value for name, value in common.items() if value is not None}
    say = _Sayer(one, common, f"{product.replace('-', '_')}_version", down)
    started = {"k8s_version": process.k8s_version, "deployment_method": one.method}
    raw = f"v{process.k8s_version}{one.rng.choice(K8S_SUFFIXES)}" if process.k8s_version else None
    yield say.event(process.start, "server_started", started, {"k8s_version": raw})
    for begin in process.sessions:
        yield from _session(say, begin, process)
    if not process.killed:
        uptime = float(process.stop - process.start)
        yield say.event(process.stop, "server_stopped", {"uptime_seconds": rounded(uptime)}, {"uptime_seconds": uptime})


def _session(say: "_Sayer", begin: int, process: Process) -> Iterator[Happened]:
    one = say.one
    client = one.rng.choice(one.clients)
    if client.name != "http":
        yield _connected(say, begin, client)
    moment = begin
    for _ in range(1 + int(one.rng.expovariate(1 / one.rate))):
        moment += 1 + int(one.rng.expovariate(1 / 90))
        if moment >= process.stop:
            return
        yield from _call(say, moment, client, process.bad)


def _connected(say: "_Sayer", at: int, client: Client) -> Happened:
    rng = say.one.rng
    version = rng.choice(client.versions) if client.versions else None
    transport = "stdio" if say.one.kind != "cluster" else client.remote
    said = {"mcp_client": client.name, "mcp_client_version": version, "transport": transport}
    if say.one.typescript:
        del said["transport"]
    wire = {"mcp_client_version": "not-a-version"} if version == "other" else {}
    return say.event(at, "client_connected", said, wire | _name_of(client, rng))


def _call(say: "_Sayer", at: int, client: Client, bad: bool) -> Iterator[Happened]:
    rng = say.one.rng
    [tool] = rng.choices(TOOLS, say.one.tools)
    # A tool that asks a provider which is down fails with that provider's error, nearly always.
    down = _ASKS_PROVIDER in tool.errors and any(outage.covers(at) for outage in say.down)
    failed = rng.random() < (_FAILING_IN_OUTAGE if down else min(0.9, tool.failing * (3 if bad else 1)))
    exact = rng.lognormvariate(0, 0.7) * tool.median_ms
    said = {"tool": tool.name, "success": not failed, "duration_ms": rounded(exact), "mcp_client": client.name}
    # Footfall's client rounds before it sends, the TypeScript one does not: both must end as the same number.
    wire = _tool_name(tool, rng) | _name_of(client, rng) | ({"duration_ms": exact} if say.one.typescript else {})
    yield say.event(at, "tool_executed", said, wire)
    if failed:
        error = rng.choices(tool.errors, [1 / rank for rank in range(1, len(tool.errors) + 1)])[0]
        error = _ASKS_PROVIDER if down else error
        beyond = {"mcp_client": client.name} if say.one.typescript else {}
        yield say.event(at, "tool_error", {"tool": tool.name, "error_type": error}, beyond | _tool_name(tool, rng))


def _name_of(client: Client, rng: Random) -> dict[str, str]:
    return {"mcp_client": rng.choice(UNLISTED_CLIENTS)} if client.name == "other" else {}


def _tool_name(tool: Tool, rng: Random) -> dict[str, str]:
    return {"tool": f"tool of team {rng.randrange(9)}"} if tool.name == "other" else {}


@dataclass(frozen=True)
class _Sayer:
    """Makes an instance's events: `wire` is what differs on the wire from what may be known.

    `down` are the outages of its AI provider.
    """

    one: Instance
    common: Mapping[str, Any]
    version_name: str
    down: tuple[Outage, ...]

    def event(self, at: int, name: str, said: Mapping[str, Any], wire: Mapping[str, Any]) -> Happened:
        known = {key: value for key, value in {**said, **self.common}.items() if value is not None}
        sent = {key: value for key, value in {**known, **wire}.items() if value is not None}
        if "product_version" in sent:
            sent[self.version_name] = sent.pop("product_version")
        if self.one.typescript:
            sent |= {"$lib": "posthog-node", "$lib_version": "5.70.0", "$geoip_disable": True}
        number = uuid.UUID(int=self.one.rng.getrandbits(128), version=4)
        return Happened(at, name, self.one.id, str(number), known, sent)


def wire_event(event: Happened, skew: int = 0) -> dict[str, Any]:
    """One event as PostHog's protocol has it, stamped by a clock that is `skew` seconds ahead."""
    return {
        "event": event.event,
        "uuid": event.uuid,
        "distinct_id": event.instance,
        "timestamp": stamp(event.at + skew),
        "properties": dict(event.wire),
    }


def stamp(at: int) -> str:
    """RFC 3339, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def main() -> int:
    """See `--help`."""
    from tests.oracle.command_line import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
