"""Many clients at once: each call belongs to the client that made it."""

import asyncio
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.capture_server import CaptureServer

from .rig import CHOSEN, LEGACY, MODERN, Sdk, connected, host, own_events, run

CLIENTS = 50
SECONDS = 60.0 if os.environ.get("SOAK") else 6.0
PAUSE_SECONDS = 0.2
CASES = [
    pytest.param(sdk, era, id=f"{sdk.name}-{era}")
    for sdk in CHOSEN
    if sdk.high_level
    for era in ([LEGACY, MODERN] if sdk.modern else [LEGACY])
]


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("sdk", "era"), CASES)
def test_fifty_clients_at_once_are_each_counted_for_their_own_calls(sdk: Sdk, era: str, tmp_path: Path) -> None:
    made: Counter[tuple[str, str]] = Counter()

    async def visitor(server: Any, number: int, together: asyncio.Barrier) -> None:
        name = f"client-{number}"
        async with connected(server, era, name) as client:
            await client.list_tools()
            await together.wait()
            until = time.monotonic() + SECONDS
            while time.monotonic() < until:
                # The tool also shows whose call it is: odd clients call another one.
                tool = "greet_async" if number % 2 else "greet"
                await client.call_tool(tool, {"text": name})
                made[name, tool] += 1
                await asyncio.sleep(PAUSE_SECONDS)
            await together.wait()

    async def crowd() -> None:
        together = asyncio.Barrier(CLIENTS)
        await asyncio.gather(*(visitor(server, number, together) for number in range(CLIENTS)))

    with CaptureServer() as capture, host(sdk, "http", tmp_path, capture) as server:
        run(crowd)
        server.end()
        capture.wait_for("server_stopped", seconds=60)
    counted = Counter((p["mcp_client"], p["tool"]) for _, p in own_events(capture, "tool_executed"))
    assert counted == made
    assert len({name for name, _ in made}) == CLIENTS
