"""A seeded fleet over eight weeks, as its servers would report it. `expected.py` counts it without any SQL.

python -m tests.dashboard.sample URL [instances]    feeds a running collector, for a look at the pages
"""

import random
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

DAY = 86_400
DAYS = 56
"""Days before today that the fleet covers; the collector takes events of the last 60."""
RELEASES = (("2.0.4", 0), ("2.1.0", 13), ("2.2.0", 29), ("2.3.0", 44))
"""Version and the day on which it came out."""
REGRESSION = ("2.3.0", "remediate")
"""From this version on this tool fails four times as often."""
# Name, weight, typical milliseconds, spread, error rate.
TOOLS = (
    ("query", 30, 1900, 0.8, 0.021),
    ("recommend", 26, 9400, 0.9, 0.048),
    ("version", 14, 24, 0.5, 0.002),
    ("remediate", 9, 21_000, 1.0, 0.04),
    ("operate", 8, 6200, 0.9, 0.055),
    ("manageKnowledge", 5, 820, 0.7, 0.014),
    ("manageOrgData", 4, 340, 0.7, 0.009),
    ("projectSetup", 3, 2700, 0.6, 0.03),
    ("chooseSolution", 2, 410, 0.5, 0.011),
)
ERRORS = {
    "recommend": ("TimeoutError", "AIProviderError", "ValidationError"),
    "remediate": ("ApiException", "TimeoutError", "AIProviderError"),
    "operate": ("ApiException", "ValidationError", "ForbiddenError"),
}
USUAL_ERRORS = ("ApiException", "ValidationError", "ConnectionError")
PROVIDERS = (("anthropic", 52), ("openai", 24), ("google", 13), ("amazon_bedrock", 6), ("xai", 3), ("mistral", 2))
CLIENTS = (
    ("claude-code", 40, ("2.0.31", "2.0.44"), "streamable-http"),
    ("cursor-vscode", 27, ("1.7.0", "1.9.2"), "streamable-http"),
    ("Visual Studio Code", 15, ("1.105.1",), "stdio"),
    ("gemini-cli-mcp-client", 7, ("0.11.3",), "stdio"),
    ("Windsurf", 5, ("1.12.0",), "sse"),
    ("http", 4, (None,), "streamable-http"),
)
KUBERNETES = (("1.34.1", 21), ("1.33.5", 34), ("1.32.9", 22), ("1.31.13", 14), ("1.30.14", 9))
METHODS = (("helm", 68), ("kustomize", 9), ("docker-compose", 12), ("local", 11))


@dataclass(frozen=True)
class Event:
    """One event: `at` in epoch seconds, `properties` by their wire names."""

    uuid: str
    instance: str
    name: str
    at: int
    properties: dict[str, Any]

    @property
    def internal(self) -> bool:
        return bool(self.properties["is_internal"])

    @property
    def version(self) -> str:
        return str(self.properties["dot_ai_version"])

    def as_posthog(self) -> dict[str, Any]:
        stamp = datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "uuid": self.uuid,
            "distinct_id": self.instance,
            "event": self.name,
            "timestamp": stamp,
            "properties": self.properties,
        }


def fleet(now: int, instances: int = 60, seed: int = 9) -> list[Event]:
    """Every event of the fleet up to `now`, oldest first.

    Events lie at half past an hour, so that no correction by seconds moves one into another hour.
    """
    chance = random.Random(seed)
    first_day = now // DAY * DAY - DAYS * DAY
    found = [event for n in range(instances) for event in _Instance(chance, n, instances, first_day).events()]
    return sorted((event for event in found if event.at < now - 60), key=lambda event: (event.at, event.uuid))


class _Instance:
    def __init__(self, chance: random.Random, number: int, of: int, first_day: int) -> None:
        self._chance, self._first_day = chance, first_day
        internal = number % 8 == 7
        # Two of three were there before; the rest come in over the weeks. Some leave after a while.
        self._born = 0 if number % 3 else int(DAYS * number / of)
        # Two of five of the later ones are only tried for a few days.
        stays = chance.randint(1, 9) if self._born and chance.random() < 0.4 else chance.randint(10, 4 * DAYS)
        self._dies = self._born + stays
        self._id = f"{'ephemeral' if internal else 'cluster'}_{chance.getrandbits(64):016x}"
        self._lag = chance.randint(0, 12)
        self._busy = chance.lognormvariate(1.5, 0.7)
        self._client = self._pick([(client, client[1]) for client in CLIENTS])
        self._tools = [tool for tool in TOOLS if chance.random() < 0.25 + tool[1] / 45] or [TOOLS[0]]
        self._k8s, self._method = self._pick(KUBERNETES), self._pick(METHODS)
        provider = self._pick(PROVIDERS)
        self._common = {"ai_provider": provider, "is_internal": internal}

    def _pick(self, choices: Any) -> Any:
        return self._chance.choices([choice[0] for choice in choices], [choice[1] for choice in choices])[0]

    def _version(self, day: int) -> str:
        out = [version for version, released in RELEASES if day >= released + (self._lag if released else 0)]
        return out[-1]

    def _event(self, day: int, hour: int, name: str, **properties: Any) -> Event:
        at = self._first_day + day * DAY + hour * 3600 + 1800
        common = {"dot_ai_version": self._version(day), **self._common}
        known = {key: value for key, value in properties.items() if value is not None}
        return Event(str(uuid.UUID(int=self._chance.getrandbits(128), version=4)), self._id, name, at, common | known)

    def events(self) -> Iterator[Event]:
        """All days of one server."""
        for day in range(self._born, min(self._dies, DAYS) + 1):
            weekend = (self._first_day // DAY + day + 3) % 7 >= 5
            if self._chance.random() < (0.25 if weekend else 0.8):
                yield from self._day(day, 0.4 if weekend else 1.0)

    def _day(self, day: int, pace: float) -> Iterator[Event]:
        chance = self._chance
        method = self._method
        in_cluster = self._k8s if method in ("helm", "kustomize") else None
        if chance.random() < 0.3:
            yield self._event(day, 6, "server_started", k8s_version=in_cluster, deployment_method=method)
        client, _, versions, transport = self._client
        for _ in range(chance.randint(1, 2)):
            version = chance.choice(versions)
            where = {"mcp_client_version": version, "transport": transport}
            yield self._event(day, chance.randint(7, 9), "client_connected", mcp_client=client, **where)
        for _ in range(max(1, int(self._busy * pace * chance.uniform(0.5, 1.6)))):
            yield from self._call(day, chance.randint(0, 23), client)
        if chance.random() < 0.2:
            uptime = float(f"{chance.lognormvariate(9, 2.2):.2g}")
            yield self._event(day, 22, "server_stopped", uptime_seconds=uptime)

    def _call(self, day: int, hour: int, client: str) -> Iterator[Event]:
        chance = self._chance
        tool, _, typical, spread, rate = self._pick([(tool, tool[1]) for tool in self._tools])
        if tool == REGRESSION[1] and self._version(day) == REGRESSION[0]:
            rate *= 4
        failed = chance.random() < rate
        took = float(f"{typical * chance.lognormvariate(0, spread):.2g}")
        yield self._event(
            day, hour, "tool_executed", tool=tool, success=not failed, duration_ms=took, mcp_client=client
        )
        if failed:
            error = chance.choices(ERRORS.get(tool, USUAL_ERRORS), (6, 3, 2))[0]
            yield self._event(day, hour, "tool_error", tool=tool, error_type=error)


def main() -> None:
    from tests.dashboard.feeding import feed

    url, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 400
    feed(url, fleet(int(time.time()), count))


if __name__ == "__main__":
    main()
