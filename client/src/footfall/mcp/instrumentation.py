"""`instrument(server, telemetry)`: finds the SDK by the server object's class and installs the adapter for it."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

SUPPORTED = (
    "FastMCP and low-level Server of mcp 1.x, MCPServer and low-level Server of mcp 2.x, and FastMCP of fastmcp 3 and 4"
)
Properties = Callable[[str | None], Mapping[str, str | bool | int | float | None] | None]
"""A host's function that returns the extra properties of an event as a dict, or None for none.

It gets the registered name of the called tool (`other` for an unknown one), or None where a client connects; nothing of
arguments, results or clients. It runs at the end of each call, on the call's thread, and is not called any more once
three calls took longer than 10 ms, without ten quicker ones for each. What it raises is counted and logged once. The
catalogue declares the properties: see `footfall.catalogue.ExtraProperties`.
"""

log = logging.getLogger("footfall")


def instrument(server: Any, telemetry: Any, tools: Iterable[str] = (), *, properties: Properties | None = None) -> None:
    """Record a server's tool calls, errors, clients, start and stop.

    Does nothing when telemetry is off or the server is already instrumented; but the capture of a test takes over from
    the telemetry that is there, until the capture is closed. If a release of an SDK lacks something
    the adapter needs, one log line says so, and the server runs without telemetry.

    Args:
        server: a server object of a supported SDK.
        telemetry: a `Telemetry`, or what `footfall.testing.capture` returns.
        tools: names of tools that code of this process does not register with the server, as those of a low-level
            server. Other names are recorded as `other`. Write them out: a name from a listing could hold a user's data.
        properties: a function that returns the extra properties of an event, see `Properties`.

    Raises:
        TypeError: the object is not a server of a supported SDK. The message names what is supported.
    """
    if not telemetry.active:
        if telemetry.in_test:
            _remember(server, telemetry, properties)
        return
    if hasattr(telemetry, "take_over"):
        _take_over(server, telemetry, tools)
    if getattr(server, "_footfall_instrumented", None) is not None:
        return
    adapter = _adapter(server)
    if adapter is None:
        kind = type(server)
        raise TypeError(
            f"footfall can't instrument a {kind.__module__}.{kind.__qualname__}; it supports {SUPPORTED}. "
            "For anything else use telemetry.tool(name)."
        )
    telemetry.register_tools(*tools)
    source = _source(server, telemetry, properties)
    try:
        adapter.install(server, telemetry, source)
    except (AttributeError, ImportError) as error:
        log.warning("footfall can't see the calls of this release of %s: %s", type(server).__module__, error)
    server._footfall_instrumented = telemetry
    telemetry.rearm_signals()


def _take_over(server: Any, capture: Any, tools: Iterable[str]) -> None:
    """A test's capture takes over from the telemetry of the server, on or off."""
    for name in ("_footfall_instrumented", "_footfall_off"):
        other = getattr(server, name, None)
        if other is not None:
            capture.take_over(other)
    capture.register_tools(*tools)


def _source(server: Any, telemetry: Any, properties: Properties | None) -> Any:
    """What fills the extra properties of a server's events, and of calls by hand where nothing does yet."""
    function = properties if properties is not None else getattr(server, "_footfall_properties", None)
    if function is None:
        return None
    from ..record.extra_values import property_source  # by file: only such a host needs it

    source = property_source(function)
    if telemetry.property_source is None:
        telemetry.property_source = source
    return source


def _remember(server: Any, telemetry: Any, properties: Properties | None) -> None:
    """The telemetry is off in a test, whose capture finds it here to take over what the host records itself."""
    try:
        server._footfall_off = telemetry
        if properties is not None:
            server._footfall_properties = properties
            telemetry.fill_properties(properties)
    except (AttributeError, TypeError):
        return  # it is no server


def _adapter(server: Any) -> Any:
    # Compares names of classes and modules: importing an SDK to use isinstance could load one the server does not use.
    classes = {(cls.__module__.split(".")[0], cls.__name__) for cls in type(server).__mro__}
    if ("fastmcp", "FastMCP") in classes:
        from . import fastmcp

        return fastmcp
    lowlevel = ("mcp", "Server") in classes
    if ("mcp", "MCPServer") in classes or (lowlevel and hasattr(server, "middleware")):
        from . import sdk_v2

        return sdk_v2
    if ("mcp", "FastMCP") in classes or lowlevel:
        from . import sdk_v1

        return sdk_v1
    return None
