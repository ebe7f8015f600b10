"""Tools of fastmcp 3 and 4 that no code of this process registers, one provider for each way; and those that it does.

    python providers.py NAME…

serves tools with these names in memory, once by every kind of provider, calls each, and prints what telemetry recorded:
`{"elsewhere": {kind: [tool…]}, "code": {name as called: tool}, "log": [line…]}`.
"""

import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fastmcp import Client, FastMCP  # type: ignore[import-not-found,unused-ignore] # 3.x or 4.x
from fastmcp.server.providers import FileSystemProvider, LocalProvider, Provider  # type: ignore[import-not-found,unused-ignore] # as above
from fastmcp.server.providers.aggregate import AggregateProvider  # type: ignore[import-not-found,unused-ignore] # as above
from fastmcp.server.providers.proxy import ProxyProvider  # type: ignore[import-not-found,unused-ignore] # as above
from fastmcp.server.transforms import Namespace, ToolTransform, Transform  # type: ignore[import-not-found,unused-ignore] # as above
from fastmcp.tools import Tool  # type: ignore[import-not-found,unused-ignore] # as above
from fastmcp.tools.tool_transform import ToolTransformConfig  # type: ignore[import-not-found,unused-ignore] # as above


def answer(number: int = 0) -> str:
    """Answer."""
    return f"answer {number}"


def remote(names: Sequence[str]) -> Any:
    """Another server, whose tools this process only sees through a client."""
    server = FastMCP("remote")
    for name in names:
        server.tool(name=name)(answer)
    return server


def proxy(names: Sequence[str]) -> Any:
    server = remote(names)
    return ProxyProvider(lambda: Client(server))


def aggregate(names: Sequence[str]) -> Any:
    return AggregateProvider([proxy(names)])


def wrapped_proxy(names: Sequence[str]) -> Any:
    return proxy(names).wrap_transform(ToolTransform({}))


def mounted_proxy(names: Sequence[str]) -> Any:
    child = FastMCP("child")
    child.add_provider(proxy(names))
    parent = FastMCP("parent")
    parent.mount(child)
    return parent


def openapi(names: Sequence[str]) -> Any:
    try:
        import httpx2 as httpx  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        import httpx  # type: ignore[no-redef,import-not-found,unused-ignore]

    paths: dict[str, Any] = {f"/{number}": {"get": {"operationId": name}} for number, name in enumerate(names)}
    for path in paths.values():
        path["get"] |= {"responses": {"200": {"description": "ok"}}}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"text": "answer"}))
    client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    return FastMCP.from_openapi(document, client=client)


class Database(Provider):  # type: ignore[misc,unused-ignore] # as above
    """A provider of the host's own, whose tools are rows."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._rows = [Tool.from_function(answer, name=name) for name in names]

    async def _list_tools(self) -> Any:
        return self._rows

    async def _get_tool(self, name: str, version: Any = None) -> Any:
        return next((row for row in self._rows if row.name == name), None)


class Stored(LocalProvider):  # type: ignore[misc,unused-ignore] # as above
    """A local provider that a host extended to load its tools from somewhere."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        for name in names:
            self.add_tool(Tool.from_function(answer, name=name))


class Renaming(Transform):  # type: ignore[misc,unused-ignore] # as above
    """A transformation of the host's own, which makes other names."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)

    async def list_tools(self, tools: Any) -> Any:
        return [tools[0].model_copy(update={"name": name}) for name in self._names]

    async def get_tool(self, name: str, call_next: Any, *, version: Any = None) -> Any:
        tool = await call_next("answer", version=version)
        return tool.model_copy(update={"name": name}) if tool and name in self._names else None


def renamed(names: Sequence[str]) -> Any:
    provider = LocalProvider()
    provider.tool(answer)
    provider.add_transform(Renaming(names))
    return provider


def folder(names: Sequence[str]) -> Any:
    directory = Path(tempfile.mkdtemp())
    for number, name in enumerate(names):
        text = f"from fastmcp.tools import tool\n\n\n@tool(name={name!r})\ndef answer(number: int = 0) -> str:\n"
        (directory / f"tool_{number}.py").write_text(f'{text}    return "answer"\n')
    return FileSystemProvider(directory)


def copied(names: Sequence[str]) -> Any:
    """A local provider with copies of another server's tools."""
    provider = LocalProvider()
    for tool in asyncio.run(proxy(names).list_tools()):
        provider.add_tool(tool)
    return provider


def transformed(names: Sequence[str]) -> Any:
    """A local provider with transformed copies of another server's tools, under names that follow from theirs."""
    provider = LocalProvider()
    for tool in asyncio.run(proxy(names).list_tools()):
        provider.add_tool(Tool.from_tool(Tool.from_tool(tool, name="first"), name=tool.name))
    return provider


ELSEWHERE: dict[str, Callable[[Sequence[str]], Any]] = {
    "ProxyProvider": proxy,
    "AggregateProvider of a proxy": aggregate,
    "wrapped proxy": wrapped_proxy,
    "mounted proxy": mounted_proxy,
    "from_openapi": openapi,
    "database": Database,
    "subclass of LocalProvider": Stored,
    "own transformation": renamed,
    "FileSystemProvider": folder,
    "copies of a proxy's tools": copied,
    "transformed copies of a proxy's tools": transformed,
}


def add(server: Any, provider: Any) -> None:
    """Add a provider, or mount a server."""
    if isinstance(provider, FastMCP):
        server.mount(provider)
    else:
        server.add_provider(provider)


def of_code(server: Any) -> list[str]:
    """Register tools with code in every way, most of them after the server was instrumented; their names as called."""
    server.add_tool(Tool.from_function(answer, name="added"))
    child, grandchild = FastMCP("child"), FastMCP("grandchild")
    server.mount(child, namespace="child")
    child.mount(grandchild, namespace="deep")
    child.tool(name="late")(answer)
    grandchild.tool(name="later")(answer)
    provider = LocalProvider()
    server.add_provider(AggregateProvider([provider]))
    provider.tool(name="provided")(answer)
    spaced = LocalProvider()
    spaced.add_transform(Namespace("spaced"))
    spaced.tool(name="tool")(answer)
    server.add_provider(spaced)
    other = FastMCP("other")
    other.tool(name="before")(answer)
    other.add_transform(ToolTransform({"before": ToolTransformConfig(name="after")}))
    server.mount(other)
    server.add_tool(Tool.from_tool(Tool.from_function(answer, name="inner"), name="outer"))
    return ["added", "child_late", "child_deep_later", "provided", "spaced_tool", "after", "outer"]


async def call_all(server: Any, names: Sequence[str]) -> None:
    async with Client(server) as client:
        await client.list_tools()
        for name in names:
            result = await client.call_tool(name, {}, raise_on_error=False)
            if result.is_error:
                raise SystemExit(f"{name}: {result}")


def recorded(setting_up: Callable[[Any], Sequence[str]]) -> list[str]:
    """The tools that telemetry recorded, in the order of the calls."""
    from footfall.mcp import instrument
    from footfall.testing import capture

    server, telemetry = FastMCP("test"), capture()
    instrument(server, telemetry)
    server.tool(name="first")(answer)
    asyncio.run(call_all(server, ["first"]))
    asyncio.run(call_all(server, setting_up(server)))
    return [str(event["tool"]) for event in telemetry.named("tool_executed")][1:]


def main() -> None:
    names, lines = sys.argv[1:], []
    logging.getLogger("footfall").addHandler(handler := logging.Handler())
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]

    def elsewhere(make: Callable[[Sequence[str]], Any]) -> list[str]:
        provider = make(names)

        def set_up(server: Any) -> Sequence[str]:
            add(server, provider)
            return names

        return recorded(set_up)

    called: list[str] = []

    def code(server: Any) -> Sequence[str]:
        called.extend(of_code(server))
        return called

    found = {kind: elsewhere(make) for kind, make in ELSEWHERE.items()}
    by_code = recorded(code)
    print(json.dumps({"elsewhere": found, "code": dict(zip(called, by_code, strict=True)), "log": lines}))


if __name__ == "__main__":
    main()
