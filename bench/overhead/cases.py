"""What is measured where, and what was found."""

import statistics
from dataclasses import dataclass, field
from typing import Any

from bench.overhead.hosts import INITIALIZE, SESSIONLESS

OURS = ("hook", "hook-and-write", "footfall")
PEERS = ("mcpspan", "sentry", "posthog", "agentcat")
ERAS = (SESSIONLESS, INITIALIZE)


@dataclass(frozen=True)
class Case:
    """One process of the measurement: who is measured where. `environment` is empty for the main one."""

    environment: str
    sdk: str
    era: str
    subjects: tuple[str, ...]


@dataclass
class Found:
    """What the rounds of one case found, microseconds: `plain`, and per subject the median of each round."""

    plain: list[float] = field(default_factory=list)
    over: dict[str, list[float]] = field(default_factory=dict)
    untouched: dict[str, bool] = field(default_factory=dict)
    arrived: list[float] = field(default_factory=list)

    def add(self, said: dict[str, Any], arrived: float) -> None:
        """One round more; `arrived` is how often the sink read the tool's name, per call."""
        self.plain.append(said["plain"])
        for name, quartiles in said["over"].items():
            self.over.setdefault(name, []).append(quartiles[1])
            self.untouched[name] = said["untouched"][name] and self.untouched.get(name, True)
        self.arrived.append(arrived)

    def median(self, name: str) -> float:
        """The median of the rounds' medians."""
        return statistics.median(self.over[name])


SDK_CASES = (
    Case("", "mcp2", SESSIONLESS, OURS),
    Case("", "mcp2", INITIALIZE, OURS),
    Case("mcp1", "mcp1", INITIALIZE, OURS),
    Case("fastmcp4", "fastmcp4", SESSIONLESS, OURS),
    Case("fastmcp4", "fastmcp4", INITIALIZE, OURS),
)
PEER_CASES = tuple(
    case
    for era in ERAS
    for case in (
        Case("", "mcp2", era, ("footfall-sending",)),
        *(Case(f"peer-{name}", "mcp2", era, (name,)) for name in PEERS),
    )
)
