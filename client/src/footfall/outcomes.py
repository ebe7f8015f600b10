"""What a finished call says about itself: the outcome as events, an exception as the name of its class."""

import sys
from typing import Any

from .catalogue import ToolError, ToolExecuted

_MAX_NAME = 64


def record_call(telemetry: Any, tool: str, client: str, seconds: float, error: BaseException | None) -> None:
    """Record a finished call: `tool_executed` always, `tool_error` where it ended with an exception."""
    telemetry.record(ToolExecuted(tool=tool, success=error is None, duration_ms=seconds * 1000.0, mcp_client=client))
    if error is not None:
        telemetry.record(ToolError(tool=tool, error_type=class_name(type(error))))


def class_name(cls: type[BaseException]) -> str:
    """The name of an exception class, or of its nearest base that stands in its module under its own name.

    A class made at run time could carry data in its name; such a one is reported as its nearest base that was
    written by somebody. At worst that is `BaseException`.
    """
    for candidate in cls.__mro__:
        name = candidate.__name__
        if len(name) <= _MAX_NAME and name.isascii() and name.isidentifier() and _stands_in_module(candidate, name):
            return name
    return "BaseException"


def _stands_in_module(cls: type, name: str) -> bool:
    module = sys.modules.get(cls.__module__) if isinstance(cls.__module__, str) else None
    return module is not None and vars(module).get(name) is cls
