"""The events that the SDKs send in the tests: every event of the catalogue, and those that PostHog's products add."""

import uuid
from collections import Counter
from typing import Any

KEY = "phc_protocol_tests"
PLANTED = "my-secret-namespace-q8z"
"""Stands in everything that has to be refused: it may be in no answer, no log and no file."""
TIMES = 4

COMMON: dict[str, Any] = {"dot_ai_version": "2.2.2", "ai_provider": "anthropic", "is_internal": False}
COUNTED: dict[str, dict[str, Any]] = {
    "tool_executed": {"tool": "recommend", "success": True, "duration_ms": 1200, "mcp_client": "claude-code"},
    "tool_error": {"tool": "remediate", "error_type": "KubernetesAPIError"},
    "server_started": {"k8s_version": "1.31", "deployment_method": "helm"},
    "server_stopped": {"uptime_seconds": 3600},
    "client_connected": {"mcp_client": "cursor", "mcp_client_version": "2.1.0", "transport": "stdio"},
}
REFUSED: dict[str, dict[str, Any]] = {
    "$pageview": {"$current_url": f"https://example.org/{PLANTED}"},
    "$mcp_tool_call": {"$mcp_tool_name": "query", "$mcp_parameters": {"namespace": PLANTED}},
    "$ai_generation": {"$ai_input": [{"role": "user", "content": PLANTED}]},
    f"button {PLANTED} clicked": {"why": PLANTED},
}
"""SDKs send `$identify` and `$exception` too, each by a separate method."""


def to_capture() -> list[dict[str, Any]]:
    """Every event of both tables, `TIMES` times: `event`, `distinct_id`, `properties`, `uuid`."""
    return [
        {
            "event": name,
            "distinct_id": "cluster_f809cce5a77d3fbe",
            "properties": properties | COMMON,
            "uuid": str(uuid.uuid4()),
        }
        for _ in range(TIMES)
        for name, properties in (COUNTED | REFUSED).items()
    ]


def expected() -> Counter[str]:
    """What the chart `events` has to count after all of `to_capture()`."""
    return Counter(dict.fromkeys(COUNTED, TIMES))


def refusals() -> int:
    """How many events of `to_capture()` are no product's."""
    return TIMES * len(REFUSED)
