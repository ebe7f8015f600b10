"""Calls a tool as a client does, in memory, and returns its answer."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from mcp import Client
from mcp_types import TextContent

from footfall_toolkit.server import build_server


@dataclass(frozen=True)
class Answer:
    text: str
    failed: bool

    @property
    def data(self) -> Any:
        assert not self.failed, self.text
        return json.loads(self.text)


def ask(name: str, /, **arguments: Any) -> Answer:
    async def call() -> Answer:
        async with Client(build_server(log_level="CRITICAL")) as client:
            result = await client.call_tool(name, arguments)
        first = result.content[0]
        assert isinstance(first, TextContent)
        return Answer(first.text, bool(result.is_error))

    return asyncio.run(call())
