"""posthog-python as a sender; see program.py."""

import sys
from typing import Any

from bench.client.senders.program import Library, main

ROOM = 1_000_000
"""Its queue's default of 10,000 events would drop most of a measurement."""
PROPERTIES = {
    "tool": "recommend",
    "success": True,
    "duration_ms": 12,
    "mcp_client": "claude-code",
    "dot_ai_version": "2.2.0",
    "ai_provider": "none",
    "is_internal": False,
}


class Peer:
    """A client with its defaults; with a larger queue where costs are measured."""

    def __init__(self, url: str, key: str) -> None:
        from posthog import Posthog

        room: dict[str, Any] = {"max_queue_size": ROOM} if sys.argv[3] in ("latency", "deliver") else {}
        self._client = Posthog(project_api_key=key, host=url, **room)

    def capture(self) -> None:
        self._client.capture("tool_executed", distinct_id="cluster_0123456789abcdef", properties=dict(PROPERTIES))

    def flush(self) -> None:
        self._client.flush()

    def shutdown(self) -> None:
        self._client.shutdown()


def make(url: str, key: str) -> Library:
    return Peer(url, key)


main(make)
