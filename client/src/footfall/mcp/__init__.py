"""Instruments an MCP server in one line: `instrument(server, telemetry)`. Stage 1 of an event: a call is seen.

`instrumentation` picks the adapter by the class of the server object: `sdk_v1`, `sdk_v2` or `fastmcp`. The adapters
share `calls`, which records a finished call, and `sessions`, which knows the transports. Tool schemas, arguments and
results are never touched. No adapter and no MCP SDK is imported before `instrument` needs it.

Public: `instrument`. Everything else is private and may change in any release.
"""

from typing import TYPE_CHECKING, Any

__all__ = ["instrument"]

if TYPE_CHECKING:
    from .instrumentation import instrument


def __getattr__(name: str) -> Any:
    if name == "instrument":
        from .instrumentation import instrument

        return instrument
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
