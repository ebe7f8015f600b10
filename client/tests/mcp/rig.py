"""Servers of every SDK as real processes, real clients of both protocol eras, and the telemetry that arrives."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcp import Client, ClientSession, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CreateMessageResult, ElicitResult, Implementation, TextContent

from scripts.setup import sdk_env
from tests.support.capture_server import CaptureServer
from tests.support.waiting import wait_for

PROGRAMS = Path(__file__).with_name("programs")
LEGACY, MODERN = "initialize", "2026-07-28"


@dataclass(frozen=True)
class Sdk:
    """One kind of server: an environment (None: the one of the tests), a program, and how its errors differ."""

    name: str
    environment: str | None
    program: str
    modern: bool
    unknown_tool: str = "ToolError"
    own_error: str = "ErrorResultError"
    bad_arguments: str = "ValidationError"
    high_level: bool = True

    @property
    def python(self) -> str:
        return str(sdk_env.make(self.environment)) if self.environment else sys.executable


SDKS = (
    Sdk("mcp2-mcpserver", None, "mcp2_mcpserver.py", modern=True),
    Sdk("mcp2-lowlevel", None, "mcp2_lowlevel.py", True, "KeyError", bad_arguments="TypeError", high_level=False),
    Sdk("mcp1-fastmcp", "mcp1", "mcp1_fastmcp.py", modern=False),
    Sdk("mcp1-lowlevel", "mcp1", "mcp1_lowlevel.py", False, "KeyError", high_level=False),
    Sdk("fastmcp3", "fastmcp3", "fastmcp_server.py", False, "NotFoundError", "ToolError"),
    Sdk("fastmcp4", "fastmcp4", "fastmcp_server.py", True, "NotFoundError", "ToolError"),
)
_wanted = os.environ.get("FOOTFALL_SDKS", "own")
CHOSEN = [sdk for sdk in SDKS if _wanted == "all" or (sdk.environment is None) == (_wanted == "own")]
"""By FOOTFALL_SDKS: `own` (those in the environment of the tests), `others`, or `all`."""


@dataclass
class Host:
    """A server process of an SDK. Over stdio the client starts it, over HTTP the test."""

    sdk: Sdk
    transport: str
    environment: dict[str, str]
    url: str = ""
    process: "subprocess.Popen[str] | None" = None
    lines: list[str] = field(default_factory=list)

    def command(self, *more: str) -> list[str]:
        return [self.sdk.python, str(PROGRAMS / self.sdk.program), self.transport, *more]

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=self.environment
        )
        threading.Thread(target=self._read, args=(self.process.stderr,), daemon=True).start()
        process = self.process
        wait_for(lambda: self.url or process.poll() is not None, "the server to listen", 30)
        assert self.url, "".join(self.lines)

    def _read(self, stream: Any) -> None:
        for line in stream:
            self.lines.append(line)
            if "listening on " in line:
                self.url = line.split("listening on ", 1)[1].strip()

    def end(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(15)

    def __enter__(self) -> "Host":
        if self.transport in ("sse", "http", "stateless"):
            self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()

    def in_memory(self, calls: list[Any], era: str, name: str) -> None:
        flags = ["--name", name, "--calls", json.dumps(calls), *(["--modern"] if era == MODERN else [])]
        done = subprocess.run(
            self.command(*flags), env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr


def host(sdk: Sdk, transport: str, state: Path, capture: CaptureServer, **more: str) -> Host:
    """A host whose telemetry goes to `capture` without delay, in an environment without the machine's own variables."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(state),
        "KUBECONFIG": os.devnull,
        "TEST_HOST_TELEMETRY_STATE_DIR": str(state / "telemetry"),
        "TEST_HOST_POSTHOG_HOST": capture.url,
        "TEST_HOST_POSTHOG_KEY": "phc_test",
        "TEST_HOST_TELEMETRY_GRACE_SECONDS": "0",
        "TEST_HOST_TELEMETRY_FLUSH_SECONDS": "0.2",
        **more,
    }
    return Host(sdk, transport, environment)


async def _sample(context: object, params: object) -> CreateMessageResult:
    return CreateMessageResult(role="assistant", content=TextContent(type="text", text="!"), model="none")


async def _elicit(context: object, params: object) -> ElicitResult:
    return ElicitResult(action="decline")


@asynccontextmanager
async def connected(
    server: Host, era: str = LEGACY, name: str = "client-a", version: str = "1.2.3"
) -> AsyncIterator[Any]:
    """A connected client of the mcp 2 SDK, of either era."""
    info = Implementation(name=name, version=version)
    async with AsyncExitStack() as stack:
        # Opening the null device does not block.
        nowhere = stack.enter_context(open(os.devnull, "w"))  # noqa: ASYNC230, SIM115
        if server.transport == "stdio":
            command, *rest = server.command()
            transport: Any = stdio_client(
                StdioServerParameters(command=command, args=rest, env=server.environment), nowhere
            )
        elif server.transport == "sse":
            transport = sse_client(server.url)
        else:
            transport = streamable_http_client(server.url)
        if era == MODERN:
            yield await stack.enter_async_context(Client(transport, client_info=info, mode=MODERN))
            return
        read, write = await stack.enter_async_context(transport)
        session = await stack.enter_async_context(
            ClientSession(read, write, client_info=info, sampling_callback=_sample, elicitation_callback=_elicit)
        )
        await session.initialize()
        yield session


async def call_all(client: Any, calls: list[Any]) -> None:
    """Make the calls in order; a protocol error counts as an answer."""
    from mcp import MCPError

    for name, given in calls:
        try:
            await client.call_tool(name, given)
        except MCPError:
            pass


def run(main: Callable[[], Any]) -> Any:
    return asyncio.run(main())


def properties(capture: CaptureServer) -> list[tuple[str, dict[str, Any]]]:
    """Name and own properties of each event, in the order of recording, without the common properties."""
    common = ("test_host_version", "ai_provider", "is_internal")
    found = []
    for event in capture.events:
        own = {k: v for k, v in event["properties"].items() if not k.startswith("$") and k not in common}
        found.append((event["event"], own))
    return found


def own_events(capture: CaptureServer, *names: str) -> list[tuple[str, dict[str, Any]]]:
    """The events with these names, without their durations, which are checked."""
    found = []
    for name, own in properties(capture):
        if name in names:
            if name == "tool_executed":
                assert 0 <= own["duration_ms"] < 60_000
            found.append((name, {k: v for k, v in own.items() if k != "duration_ms"}))
    return found
