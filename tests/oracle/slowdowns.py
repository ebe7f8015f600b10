"""What makes calls of a fleet take longer: planted as factors of their durations.

Instances differ in how fast they are, by a third up or down, so that calls of one instance depend on each other.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from random import Random

from tests.oracle.fleet import Fleet, FleetEvent
from tests.oracle.growth import CALL, last_week

SLOWER = 2.5
CLIENT, PROVIDER, TOOL, RELEASE = "cursor-vscode", "anthropic", "query", "1.12.0"
Concerned = Callable[[FleetEvent, int], bool]
"""Whether a call is slow; given the beginning of the last week."""
SLOWDOWNS: Mapping[str, Concerned] = {
    "client": lambda call, since: call.at >= since and call.properties["mcp_client"] == CLIENT,
    "provider": lambda call, since: call.at >= since and call.properties.get("ai_provider") == PROVIDER,
    "tool": lambda call, since: call.at >= since and call.properties["tool"] == TOOL,
    "release": lambda call, since: call.properties.get("product_version") == RELEASE,
    "nothing": lambda call, since: False,
}


def factors(fleet: Fleet, events: Iterable[FleetEvent], kind: str) -> dict[str, float]:
    """The UUID of each call, and how many times as long as usual it takes."""
    concerned, since = SLOWDOWNS[kind], last_week(fleet)
    return {
        event.uuid: _speed(event.instance) * (SLOWER if concerned(event, since) else 1.0)
        for event in events
        if event.event == CALL
    }


@cache
def _speed(instance: str) -> float:
    """How much longer than usual the calls of an instance take."""
    return Random(f"speed of {instance}").lognormvariate(0, 0.3)
