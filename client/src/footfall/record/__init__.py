"""Records events: each is checked against the catalogue, stamped, encoded and appended before `record()` returns.

An event passes `recorder`; a finished tool call takes its faster path through `precomputed`. `manual_calls` is the
decorator for tools that are not MCP tools, and `preview_hints` explains in preview mode why an event is not sent.
No function here raises into the host or waits. Imported by `telemetry`, `pipeline` and `testing`.

Names are loaded when first used: a process whose telemetry is off needs `ManualCalls` only.
"""

from typing import TYPE_CHECKING, Any

__all__ = ["ManualCalls", "Recorder"]

if TYPE_CHECKING:
    from .manual_calls import ManualCalls
    from .recorder import Recorder


def __getattr__(name: str) -> Any:
    if name == "Recorder":
        from .recorder import Recorder

        return Recorder
    if name == "ManualCalls":
        from .manual_calls import ManualCalls

        return ManualCalls
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
