"""A host application full of secrets: an MCP server whose tools, errors, names and environment hold planted texts.

    python host.py KIND {stdio|http} [ANYTHING…]

KIND is an SDK and its kind of server, see `SERVERS`; only `mcpserver` serves HTTP.

PRIVACY_PLAN is a JSON file with the planted texts by place, PRIVACY_LOG where telemetry's own log lines go.
"""

import asyncio
import contextlib
import ctypes
import getpass
import logging
import os
import platform
import socket
import sys
from collections.abc import Callable
from typing import Annotated, Any

from crashes import CRASHES, PLAN, text_of


def rename_machine_and_user() -> None:
    """A host and a user name that are planted: the machine's own where that is allowed, and Python's in any case."""
    host, user = PLAN["host name"][0], PLAN["user name"][0]
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(0x04000000) == 0:  # CLONE_NEWUTS: the name of this process alone
        library.sethostname(host.encode(), len(host.encode()))
    system = os.uname()
    named = os.uname_result((system.sysname, host, system.release, system.version, system.machine))
    os.uname = lambda: named
    socket.gethostname = socket.getfqdn = lambda *_: host
    platform.node = lambda: host
    getpass.getuser = os.getlogin = lambda: user


rename_machine_and_user()

# Imported after the machine's name is set, so that a name read at import is the planted one.
from extended import fill_extra_properties  # noqa: E402

from footfall import Product, Telemetry  # noqa: E402
from footfall.catalogue import (  # noqa: E402  # noqa: E402
    ClientConnected,
    Event,
    Property,
    ServerStarted,
    ToolError,
    ToolExecuted,
    Version,
)
from footfall.mcp import instrument  # noqa: E402


class Letter(Event, frozen=True, tag="letter"):
    """An event of the host's own that is in no catalogue."""

    body: Annotated[str, Property(Version(), meaning="text", purpose="none", question="next")]


def log_telemetry() -> None:
    """Everything that telemetry and its HTTP library log goes to a file; what others log goes nowhere."""
    handler = logging.FileHandler(os.environ["PRIVACY_LOG"], encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
    for name in ("footfall", "urllib3", "py.warnings", "asyncio"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.DEBUG)
        logger.addHandler(handler)
        logger.propagate = False
    logging.captureWarnings(True)
    logging.getLogger().addHandler(logging.NullHandler())
    logging.getLogger().setLevel(logging.CRITICAL + 1)


def echo(text: str = "", number: int = 0) -> str:
    """Return what was given."""
    return f"{text}{number}"


def answer(number: int) -> str:
    """Return a planted result."""
    return text_of("results", number)


def crash(way: str, number: int) -> str:
    """End with an exception that holds planted texts in one way or another."""
    raise CRASHES[way](number)


def by_hand(telemetry: Telemetry) -> None:
    """Record every event with planted values in every property that takes no identifier by its kind."""
    for text in PLAN["by hand"]:
        telemetry.record(ToolExecuted(tool=text, success=text, duration_ms=text, mcp_client=text))  # type: ignore[arg-type] # the point
        telemetry.record(ToolExecuted(tool=text, success=True, duration_ms=1234.5678, mcp_client=text))
        telemetry.record(ToolExecuted(tool="echo-by-hand", success=text, duration_ms=1))  # type: ignore[arg-type] # as above
        telemetry.record(ToolExecuted(tool="echo-by-hand", success=True, duration_ms=text))  # type: ignore[arg-type] # as above
        telemetry.record(ServerStarted(k8s_version=text, deployment_method=text))
        telemetry.record(ClientConnected(mcp_client=text, mcp_client_version=text, transport=text))
        telemetry.record(Letter(body=text))
        # A host that is careless enough to give a class's name itself can give any identifier: see what remains in
        # docs/threat-model.md. What is none must not pass.
        telemetry.record(ToolError(tool=text, error_type=f"{text} & sons"))
        with contextlib.suppress(ValueError), telemetry.tool("by-hand", client=text):
            raise type(text_of("classes", 0), (ValueError,), {})(text)


def slips() -> None:
    """Telemetry of other products whose settings are wrong: what is wrong must not be repeated anywhere."""
    base = {name: value for name, value in os.environ.items() if not name.startswith("DOT_AI_")}
    key = {"OTHER_POSTHOG_KEY": "phc_other"}
    for text in PLAN["slips"]:
        for wrong in (
            {"OTHER_TELEMETRY": text},
            {"OTHER_TELEMETY": text},
            {**key, "OTHER_POSTHOG_HOST": text},
            {**key, "OTHER_POSTHOG_HOST": "http://127.0.0.1:9", "OTHER_TELEMETRY_FLUSH_SECONDS": text},
            {**key, "OTHER_POSTHOG_HOST": "http://127.0.0.1:9", "OTHER_TELEMETRY_FLUSH_SECOND": text},
        ):
            Telemetry(Product("other", version=text), environ={**base, **wrong}).close()
        secret = {"THIRD_POSTHOG_KEY": f"phx_{text}", "THIRD_POSTHOG_HOST": "http://127.0.0.1:9"}
        third = Telemetry(Product("third"), environ={**base, **secret})
        third.server_started()
        third.close()
    previewed = Telemetry(Product("previewed"), environ={**base, "PREVIEWED_TELEMETRY": "preview"})
    by_hand(previewed)
    previewed.close()


telemetry = Telemetry(Product("dot-ai", version=PLAN["product version"][0], write_key="phc_product"))


def misuse() -> str:
    """Everything else that a host can do wrong, once its server runs."""
    by_hand(telemetry)
    slips()
    fill_extra_properties()
    return "done"


TOOLS: dict[str, Callable[..., str]] = {"echo": echo, "answer": answer, "crash": crash, "misuse": misuse}


def high_level() -> Any:
    from mcp.server.mcpserver import MCPServer

    name, version, instructions = PLAN["server"][:3]
    server: Any = with_late_tools(MCPServer)(name, version=version, instructions=instructions, log_level="CRITICAL")
    for tool, function in TOOLS.items():
        server.tool(tool)(function)
    server.tool()(grow)
    return server


def with_late_tools(sdk_server: Any) -> Any:
    """A server class of the host's own, with tools that no code registers: they are named after resources."""

    class Growing(sdk_server):  # type: ignore[misc] # a base that is only known at run time
        async def list_tools(self, *args: Any, **kwargs: Any) -> Any:
            tools = await super().list_tools(*args, **kwargs)
            return [*tools, *(tools[0].model_copy(update={"name": late}) for late in PLAN["late tools"])]

        async def call_tool(self, name: str, *args: Any, **kwargs: Any) -> Any:
            return await super().call_tool("answer" if name in PLAN["late tools"] else name, *args, **kwargs)

    return Growing


def grow() -> str:
    """Keep the visitor's calls the same for every kind of server."""
    return "grown"


def fastmcp_of_sdk_1() -> Any:
    from mcp.server.fastmcp import FastMCP  # type: ignore[attr-defined,unused-ignore] # of mcp 1.x

    name, _, instructions = PLAN["server"][:3]
    server = with_late_tools(FastMCP)(name, instructions=instructions, log_level="CRITICAL")
    for tool, function in TOOLS.items():
        server.tool(tool)(function)
    server.tool()(grow)
    return server


def fastmcp() -> Any:
    # Its own log quotes what tools raise, which is the host's affair.
    os.environ["FASTMCP_LOG_ENABLED"] = "false"
    import providers
    from fastmcp import FastMCP  # type: ignore[import-not-found,unused-ignore] # 3.x or 4.x

    name, version, instructions = PLAN["server"][:3]
    server = FastMCP(name, version=version, instructions=instructions)
    for tool, function in TOOLS.items():
        server.tool(name=tool)(function)
    server.tool(grow)
    # One kind of provider after the other; the planted names are the tools' there.
    names, kinds = PLAN["late tools"], list(providers.ELSEWHERE.values())
    for number, make in enumerate(kinds):
        if brought := names[number :: len(kinds)]:
            providers.add(server, make(brought))
    return server


def low_level() -> Any:
    from mcp.server.lowlevel import Server
    from mcp_types import CallToolResult, ListToolsResult, TextContent, Tool

    async def listed(ctx: Any, params: Any) -> Any:
        return ListToolsResult(tools=[Tool(name=name, input_schema={"type": "object"}) for name in NAMES])

    async def call(ctx: Any, params: Any) -> Any:
        text = low_level_call(params.name, params.arguments or {})
        return CallToolResult(content=[TextContent(type="text", text=text)])

    name, version, instructions = PLAN["server"][:3]
    return Server(name, version=version, instructions=instructions, on_call_tool=call, on_list_tools=listed)


def low_level_of_sdk_1() -> Any:
    from mcp.server.lowlevel import Server
    from mcp.types import TextContent, Tool

    name, version, instructions = PLAN["server"][:3]
    server: Any = Server(name, version=version, instructions=instructions)

    @server.list_tools()  # type: ignore[untyped-decorator,unused-ignore] # as above
    async def listed() -> Any:
        return [Tool.model_validate({"name": name, "inputSchema": {"type": "object"}}) for name in NAMES]

    @server.call_tool()  # type: ignore[untyped-decorator,unused-ignore] # as above
    async def call(name: str, arguments: dict[str, Any]) -> Any:
        return [TextContent(type="text", text=low_level_call(name, arguments))]

    return server


NAMES = [*TOOLS, "grow", *PLAN["late tools"]]
"""The tools that a low-level server lists."""


def low_level_call(name: str, arguments: dict[str, Any]) -> str:
    return grow() if name == "grow" else TOOLS.get(name, answer)(**arguments)


SERVERS: dict[str, Callable[[], Any]] = {
    "mcpserver": high_level,
    "lowlevel": low_level,
    "mcp1": fastmcp_of_sdk_1,
    "mcp1-lowlevel": low_level_of_sdk_1,
    "fastmcp": fastmcp,
}


def serve_http(server: Any) -> None:
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
    config = uvicorn.Config(server.streamable_http_app(), log_config=None, timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listener])


async def serve_stdio(server: Any) -> None:
    from mcp.server.stdio import stdio_server

    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def main() -> None:
    kind, transport = sys.argv[1:3]
    log_telemetry()
    server = SERVERS[kind]()
    instrument(server, telemetry, tools=[*TOOLS, "grow"] if kind.endswith("lowlevel") else ())
    if transport == "http":
        serve_http(server)
    elif kind.endswith("lowlevel"):
        asyncio.run(serve_stdio(server))
    elif kind == "fastmcp":
        server.run(transport="stdio", show_banner=False)
    else:
        server.run()


main()
