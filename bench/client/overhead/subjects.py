"""The subjects of the measurement: libraries that observe tool calls, each attached as its documentation says.

Every one of them is pointed at the sink on loopback, and none may connect anywhere else (`stay_on_loopback`).
"""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import Any

from bench.client.overhead.hosts import TOOL

Finish = Callable[[], object]
DRAIN_SECONDS = 60.0
LINE = b'{"e":"tool_executed","t":1790000000,"u":"%s","p":{"tool":"overhead_greet","success":true}}\n' % (b"0" * 64)
"""As long as a line of Footfall's about such a call."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Surroundings:
    """Where a subject may send (`sink`, a URL) and keep files (`directory`, on a real disk); how often it is called."""

    sink: str
    directory: str
    calls: int

    @property
    def address(self) -> str:
        """The sink's host and port."""
        return self.sink.removeprefix("http://")


Attach = Callable[[str, Callable[[], Any], Surroundings], tuple[Any, Finish]]
"""SDK, maker of a server, surroundings → a watched server, and what delivers the rest at the end."""


def plain(_sdk: str, make: Callable[[], Any], _around: Surroundings) -> tuple[Any, Finish]:
    """The server as it is."""
    return make(), lambda: None


def hook(sdk: str, make: Callable[[], Any], _around: Surroundings) -> tuple[Any, Finish]:
    """The points where Footfall sees a call, with two clock readings and nothing else: the least watching costs."""
    return _hooked(sdk, make, lambda: None), lambda: None


def hook_and_write(sdk: str, make: Callable[[], Any], around: Surroundings) -> tuple[Any, Finish]:
    """The same and one `write` of a line that is always the same: the least that a durable append costs."""
    descriptor = os.open(f"{around.directory}/lines", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    return _hooked(sdk, make, lambda: os.write(descriptor, LINE)), lambda: os.close(descriptor)


def _hooked(sdk: str, make: Callable[[], Any], then: Callable[[], object]) -> Any:
    server = make()
    if sdk == "mcp1":
        lowlevel, kind = server._mcp_server, import_module("mcp.types").CallToolRequest
        lowlevel.call_tool(validate_input=False)(_passed_through(server.call_tool))
        lowlevel.request_handlers[kind] = _timed(lowlevel.request_handlers[kind], then)
        return server
    server.call_tool = _passed_through(server.call_tool)
    lowlevel = server._mcp_server if sdk == "fastmcp4" else server._lowlevel_server
    lowlevel.middleware.insert(0, _middleware(then))
    return server


def _passed_through(call: Callable[..., Any]) -> Callable[..., Any]:
    async def called(*args: Any, **kwargs: Any) -> Any:
        return await call(*args, **kwargs)

    return called


def _timed(inner: Callable[[Any], Any], then: Callable[[], object]) -> Callable[[Any], Any]:
    async def handler(request: Any) -> Any:
        began = perf_counter()
        try:
            return await inner(request)
        finally:
            perf_counter() - began
            then()

    return handler


def _middleware(then: Callable[[], object]) -> Callable[[Any, Callable[[Any], Any]], Any]:
    async def middleware(ctx: Any, call_next: Callable[[Any], Any]) -> Any:
        if ctx.method != "tools/call":
            return await call_next(ctx)
        began = perf_counter()
        try:
            return await call_next(ctx)
        finally:
            perf_counter() - began
            then()

    return middleware


def _footfall(
    make: Callable[[], Any], around: Surroundings, settings: dict[str, str], least: int
) -> tuple[Any, Finish]:
    from footfall import Product, Telemetry
    from footfall.mcp import instrument

    server, state = make(), Path(around.directory, "state")
    environ = {
        "BENCH_POSTHOG_HOST": around.sink,
        "BENCH_POSTHOG_KEY": "phc_bench",
        "BENCH_TELEMETRY_STATE_DIR": str(state),
        "HOME": around.directory,
        **settings,
    }
    telemetry = Telemetry(Product("bench", version="1.0.0"), environ)
    instrument(server, telemetry)

    def finish() -> None:
        kept = sum(path.read_bytes().count(TOOL.encode()) for path in (state / "spool").glob("*.seg"))
        if kept < least:
            raise RuntimeError(f"{kept} calls are on disk, not {least}: what was measured is not what was meant")
        telemetry.flush(30)
        telemetry.close()

    return server, finish


def footfall(_sdk: str, make: Callable[[], Any], around: Surroundings) -> tuple[Any, Finish]:
    """Ours as it comes: every call is on disk before it returns, sending begins after ten minutes."""
    return _footfall(make, around, {}, around.calls)


def footfall_sending(_sdk: str, make: Callable[[], Any], around: Surroundings) -> tuple[Any, Finish]:
    """Ours sending from the first second: at the rate of this measurement, a request every hundred calls."""
    return _footfall(make, around, {"BENCH_TELEMETRY_GRACE_SECONDS": "0"}, 0)


def posthog(_sdk: str, make: Callable[[], Any], around: Surroundings) -> tuple[Any, Finish]:
    """`posthog.mcp.instrument`."""
    client = import_module("posthog").Posthog("phc_bench", host=around.sink)
    server = make()
    import_module("posthog.mcp").instrument(server, client)
    return server, client.shutdown


def agentcat(_sdk: str, make: Callable[[], Any], around: Surroundings) -> tuple[Any, Finish]:
    """`agentcat.track`, without its own diagnostics, whose address can't be configured."""
    agentcat = import_module("agentcat")
    server = make()
    agentcat.track(server, "proj_bench", agentcat.AgentCatOptions(api_base_url=around.sink, disable_diagnostics=True))
    queue = import_module("agentcat.modules.event_queue").event_queue

    def finish() -> None:
        # It has no flush: one request per event, the rest is dropped at the end.
        until = monotonic() + DRAIN_SECONDS
        while queue.get_stats()["queueLength"] and monotonic() < until:
            sleep(0.1)
        queue.destroy()

    return server, finish


def mcpspan(_sdk: str, make: Callable[[], Any], around: Surroundings) -> tuple[Any, Finish]:
    """`mcpspan.instrument`."""
    mcpspan = import_module("mcpspan")
    server = make()
    mcpspan.instrument(server, api_key="bench", endpoint=around.sink)
    return server, mcpspan.shutdown


def sentry(_sdk: str, make: Callable[[], Any], around: Surroundings) -> tuple[Any, Finish]:
    """`sentry_sdk.init` with the MCP integration and all traces: without traces it does not see calls that go well."""
    sdk = import_module("sentry_sdk")
    integration = import_module("sentry_sdk.integrations.mcp").MCPIntegration()
    sdk.init(dsn=f"http://bench@{around.address}/1", traces_sample_rate=1.0, integrations=[integration])
    # It patches the SDK's class: a server made after it is watched, one made before it is not.
    return make(), lambda: sdk.flush(10)


SUBJECTS: dict[str, Attach] = {
    "plain": plain,
    "hook": hook,
    "hook-and-write": hook_and_write,
    "footfall": footfall,
    "footfall-sending": footfall_sending,
    "posthog": posthog,
    "agentcat": agentcat,
    "mcpspan": mcpspan,
    "sentry": sentry,
}


def stay_on_loopback() -> None:
    """Block every connection from this process to another machine."""
    connect, lookup = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in LOOPBACK:
            raise PermissionError("the measurement stays on this machine")
        connect(self, address)

    def guarded_lookup(host: Any, *args: Any, **kwargs: Any) -> Any:
        if (host.decode() if isinstance(host, bytes) else host) not in LOOPBACK:
            raise PermissionError("the measurement stays on this machine")
        return lookup(host, *args, **kwargs)

    socket.socket.connect = guarded_connect  # type: ignore[method-assign, assignment] # that is the point
    socket.getaddrinfo = guarded_lookup
