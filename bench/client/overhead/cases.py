"""The cases of the measurement, and their results."""

import statistics
from dataclasses import dataclass, field
from typing import Any

from bench.client.overhead.hosts import INITIALIZE, SESSIONLESS

OURS = ("hook", "hook-and-write", "footfall")
PEERS = ("mcpspan", "sentry", "posthog", "agentcat")
ERAS = (SESSIONLESS, INITIALIZE)


@dataclass(frozen=True)
class Case:
    """One process of the measurement: a subject, an SDK and an environment. `environment` is empty for the main one."""

    environment: str
    sdk: str
    era: str
    subject: str


@dataclass
class Found:
    """The results of the rounds of one case. Microseconds, a median for each round.

    Attributes:
        plain: of a plain call.
        over: of what the subject added to it.
        untouched: whether the client always saw what it sees of a plain server.
        arrived: how often the sink read the tool's name, per call.
    """

    plain: list[float] = field(default_factory=list)
    over: list[float] = field(default_factory=list)
    untouched: bool = True
    arrived: list[float] = field(default_factory=list)

    def add(self, said: dict[str, Any], arrived: float) -> None:
        """One round more."""
        self.plain.append(said["plain"])
        self.over.append(said["over"][1])
        self.untouched = self.untouched and said["untouched"]
        self.arrived.append(arrived)

    @property
    def added(self) -> float:
        """The median of the rounds' medians."""
        return statistics.median(self.over)


_SDKS = (
    ("", "mcp2", SESSIONLESS),
    ("", "mcp2", INITIALIZE),
    ("mcp1", "mcp1", INITIALIZE),
    ("fastmcp4", "fastmcp4", SESSIONLESS),
    ("fastmcp4", "fastmcp4", INITIALIZE),
)
SDK_CASES = tuple(tuple(Case(*where, subject) for subject in OURS) for where in _SDKS)
"""For each SDK and protocol the three subjects of its row."""
OURS_SENDING = tuple(Case("", "mcp2", era, "footfall-sending") for era in ERAS)
PEER_CASES = (OURS_SENDING, *(tuple(Case(f"peer-{name}", "mcp2", era, name) for era in ERAS) for name in PEERS))
"""For each library the two protocols of its row, ours first."""
