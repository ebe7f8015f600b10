"""The fastmcp server of the page "Your own product": a real client calls its tool, and its own event arrives."""

import asyncio
import os
from pathlib import Path

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from scripts.setup import sdk_env
from tests.docs.pages import ROOT, blocks_of
from tests.support.capture_server import CaptureServer

BLOCKS = list(blocks_of(ROOT / "docs/own-product.md"))


def test_the_server_with_fastmcp_records_its_own_event(tmp_path: Path) -> None:
    (server,) = (block.text for block in BLOCKS if block.how.get("by") == "examples/servers/test_own_product.py")
    (catalogue,) = (block.text for block in BLOCKS if block.how.get("file") == "post_events.py")
    (tmp_path / "server.py").write_text(server)
    (tmp_path / "post_events.py").write_text(catalogue)

    async def call(parameters: StdioServerParameters) -> None:
        with open(os.devnull, "w") as nowhere:  # noqa: ASYNC230 - the null device blocks nobody
            async with stdio_client(parameters, nowhere) as (read, write), ClientSession(read, write) as session:
                await session.initialize()
                await session.call_tool("sort_letter", {"address": "Ada", "grams": 20.26})

    with CaptureServer() as capture:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "KUBECONFIG": os.devnull,
            "POST_POSTHOG_HOST": capture.url,
            "POST_TELEMETRY_GRACE_SECONDS": "0",
            "POST_TELEMETRY_FLUSH_SECONDS": "0.2",
        }
        python = str(sdk_env.make("fastmcp4"))
        command = StdioServerParameters(command=python, args=[str(tmp_path / "server.py")], env=environment)
        asyncio.run(call(command))
        capture.wait_for("server_stopped")
    (letter,) = capture.named("letter_sorted")
    expected = {"letter_size": "small", "weight": 20, "sorted_by": "sort_letter", "express": False}
    assert letter["properties"].items() >= expected.items()
    assert len(capture.named("tool_executed")) == 1
    assert "Ada" not in str(capture.events)
