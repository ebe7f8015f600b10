"""Every example runs unchanged: a real client calls its tool, and its telemetry arrives."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import Implementation, TextContent

from scripts.setup import sdk_env
from tests.support.capture_server import CaptureServer

HERE = Path(__file__).parent
EXAMPLES = [
    ("mcp1", "mcp1_fastmcp.py"),
    ("mcp1", "mcp1_lowlevel.py"),
    (None, "mcp2_mcpserver.py"),
    (None, "mcp2_lowlevel.py"),
    ("fastmcp3", "fastmcp34.py"),
    ("fastmcp4", "fastmcp34.py"),
]


def environment(home: Path, capture: CaptureServer) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "KUBECONFIG": os.devnull,
        "HELLO_POSTHOG_HOST": capture.url,
        "HELLO_POSTHOG_KEY": "phc_hello",
        "HELLO_TELEMETRY_GRACE_SECONDS": "0",
        "HELLO_TELEMETRY_FLUSH_SECONDS": "0.2",
    }


@pytest.mark.parametrize(("sdk", "example"), EXAMPLES)
def test_a_call_of_the_example_s_tool_is_counted(sdk: str | None, example: str, tmp_path: Path) -> None:
    python = str(sdk_env.make(sdk)) if sdk else sys.executable

    async def call(parameters: StdioServerParameters) -> str:
        info = Implementation(name="claude-code", version="2.0.1")
        with open(os.devnull, "w") as nowhere:  # noqa: ASYNC230 - the null device blocks nobody
            async with (
                stdio_client(parameters, nowhere) as (read, write),
                ClientSession(read, write, client_info=info) as session,
            ):
                await session.initialize()
                result = await session.call_tool("greet", {"name": "Ada"})
                return str(cast(TextContent, result.content[0]).text)

    with CaptureServer() as capture:
        parameters = StdioServerParameters(
            command=python, args=[str(HERE / example)], env=environment(tmp_path, capture)
        )
        assert asyncio.run(call(parameters)) == "Hello, Ada!"
        capture.wait_for("server_stopped")
    [executed] = capture.named("tool_executed")
    properties = executed["properties"]
    assert (properties["tool"], properties["success"], properties["mcp_client"]) == ("greet", True, "claude-code")
    assert properties["hello_version"] == "1.0.0"


def test_a_function_that_is_no_tool_is_counted_like_one(tmp_path: Path) -> None:
    with CaptureServer() as capture:
        command = [sys.executable, str(HERE / "rest.py"), "Ada"]
        done = subprocess.run(
            command, env=environment(tmp_path, capture), capture_output=True, text=True, timeout=60, check=True
        )
        capture.wait_for("server_stopped")
    assert done.stdout == "Hello, Ada! 3\n"
    calls = [(e["properties"]["tool"], e["properties"]["mcp_client"]) for e in capture.named("tool_executed")]
    assert calls == [("greet", "http"), ("measure", "http")]
