"""Events in, spool lines out: checked against the catalogue, stamped and encoded before `record()` returns.

An event passes `recorder`; a finished tool call takes the shorter path through `precomputed`. `manual_calls` is the
decorator for what is no MCP tool, and `preview_hints` explains in preview why an event is not sent.

Names are imported when first used: a process whose telemetry is off needs `ToolCalls` only.
"""

from typing import TYPE_CHECKING, Any

__all__ = ["Recorder", "ToolCalls"]

if TYPE_CHECKING:
    from .manual_calls import ToolCalls
    from .recorder import Recorder


def __getattr__(name: str) -> Any:
    if name == "Recorder":
        from .recorder import Recorder

        return Recorder
    if name == "ToolCalls":
        from .manual_calls import ToolCalls

        return ToolCalls
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
