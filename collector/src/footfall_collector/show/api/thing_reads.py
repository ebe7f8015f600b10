"""What the page about one thing asks for, besides its head and its main chart (`frontend/src/page/things.ts`)."""

from collections.abc import Iterator

_CALLS, _ERRORS = "tool_executed", "tool_error"
_PROPERTIES = (
    "tool",
    "mcp_client",
    "ai_provider",
    "product_version",
    "k8s_version",
    "deployment_method",
    "transport",
)
_USED_AS = {"tool": _CALLS, "error_type": _ERRORS, "mcp_client": "client_connected", "transport": "client_connected"}
"""The event that uses a thing; of the others any event."""
THING_CHARTS = ("tool-sequences", "tool-pairs")


def thing_questions(about: str) -> Iterator[dict[str, str]]:
    """The questions of `/api/ask`; `about` is the property that names the thing."""
    is_error = about == "error_type"
    event = {"event": _USED_AS[about]} if about in _USED_AS else {}
    for other in (each for each in _PROPERTIES if each != about):
        yield (
            {"measure": "events", "event": _ERRORS, "by": other}
            if is_error
            else {
                "measure": "rate",
                "event": _CALLS,
                "by": other,
            }
        )
        yield {"measure": "instances", "by": other} | event
    if is_error:
        return
    yield {"measure": "events", "event": _ERRORS, "by": "error_type"}
    yield {"measure": "events", "event": _CALLS, "by": "duration_ms"}
    for measure in ("median", "p95"):
        yield {"measure": measure, "event": _CALLS, "of": "duration_ms", "step": "day"}
