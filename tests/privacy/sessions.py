"""Real MCP clients of both protocol eras that plant a client's secrets and call every tool."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
from mcp import Client, ClientSession, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import Implementation

from tests.privacy.planted import Plan

MODERN = "2026-07-28"
CRASHES = ("message", "cause", "made", "elsewhere", "renamed", "stands oddly")
Where = str | StdioServerParameters


@dataclass
class Visitor:
    """One client after the other, each with other planted names.

    Attributes:
        errors: where a server that is started here writes its stderr.
        called: names of tools that were called, in order.
    """

    plan: Plan
    errors: Path
    called: list[str] = field(default_factory=list)

    def info(self, number: int) -> Implementation:
        names, versions = self.plan.texts("client names"), self.plan.texts("client versions")
        name, title, description = (names[(number + more) % len(names)] for more in range(3))
        return Implementation(name=name, title=title, description=description, version=versions[number % len(versions)])

    def meta(self, number: int) -> Any:
        texts = self.plan.texts("meta")
        return {f"example.com/{texts[0]}": texts[number % len(texts)], "trace": texts[(number + 1) % len(texts)]}

    def _http(self) -> httpx2.AsyncClient:
        texts = self.plan.texts("headers")
        headers = {f"X-{number}": text for number, text in enumerate(texts)}
        headers |= {"User-Agent": texts[0], "Authorization": f"Bearer {texts[1]}", "Cookie": f"who={texts[2]}"}
        headers |= {f"X-{texts[0]}": "1", "X-Forwarded-For": texts[-1]}
        return httpx2.AsyncClient(headers=headers, timeout=60)

    @asynccontextmanager
    async def connected(self, where: Where, number: int, *, modern: bool) -> AsyncIterator[Any]:
        """A connected client, the one of that number."""
        async with AsyncExitStack() as stack:
            transport: Any
            if isinstance(where, StdioServerParameters):
                # One open file for a server's whole life: nobody is held up.
                errors = stack.enter_context(open(self.errors, "a"))  # noqa: ASYNC230, SIM115
                transport = stdio_client(where, errors)
            else:
                client = await stack.enter_async_context(self._http())
                query = quote(self.plan.texts("headers")[-1], safe="")
                transport = streamable_http_client(f"{where}?who={query}", http_client=client)
            info = self.info(number)
            if modern:
                yield await stack.enter_async_context(Client(transport, client_info=info, mode=MODERN))
                return
            read, write = await stack.enter_async_context(transport)
            session = await stack.enter_async_context(ClientSession(read, write, client_info=info))
            await session.initialize()
            yield session

    async def everything(self, where: Where, number: int, *, modern: bool) -> None:
        """Connect, call every tool with every planted text, some that do not exist and some that come later."""
        async with self.connected(where, number, modern=modern) as client:
            await client.list_tools()
            for text in self.plan.texts("arguments"):
                await self._call(client, "echo", {"text": text, text: text}, number)
            for turn in range(len(self.plan.texts("results"))):
                await self._call(client, "answer", {"number": turn}, number)
            for turn in range(len(self.plan.texts("classes"))):
                for way in CRASHES:
                    await self._call(client, "crash", {"way": way, "number": turn}, number)
            await self._call(client, "misuse", {}, number)
            await self._call(client, "grow", {}, number)
            await client.list_tools()
            for name in (*self.plan.texts("late tools"), *self.plan.texts("unknown tools")):
                await self._call(client, name, {"number": 0}, number)

    async def in_turn(self, where: Where, *, modern: bool) -> None:
        """One connection and one call for each of the planted client names and versions."""
        for number in range(max(len(self.plan.texts("client names")), len(self.plan.texts("client versions")))):
            async with self.connected(where, number, modern=modern) as client:
                await self._call(client, "echo", {"number": number}, number)

    async def _call(self, client: Any, tool: str, arguments: dict[str, Any], number: int) -> None:
        self.called.append(tool)
        try:
            await client.call_tool(tool, arguments, meta=self.meta(number))
        except MCPError:
            pass  # a protocol error is as good an answer as an error result
