"""Starts the demo's processes and visitors, supervises them, and stops everything at the end."""

import os
import signal
import uuid
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import anyio
import httpx2
from mcp import MCPError

from scripts.demo.charts import wait_for_calls
from scripts.demo.children import Child
from scripts.demo.plan import HOST, DemoError, Plan, surroundings
from scripts.demo.shop import VERSION
from scripts.demo.standin import KUBECONFIG, StandIn
from scripts.demo.toolkit import EARLIER, Toolkit
from scripts.demo.traffic import Traffic

WATCH_SECONDS = 0.5
OLDER_CLUSTER = "v1.33.6"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INSPECTOR = "npx -y @modelcontextprotocol/inspector@0.22.0 --cli {url} --transport http"


@dataclass(frozen=True)
class Cast:
    """The processes of the demo; `sse` ends early."""

    collector: Child
    toolkit: Child
    sse: Child


async def run(plan: Plan) -> None:
    """Until a signal comes or the time is up. Raises DemoError (in a group) where something went wrong."""
    # The signal receiver is outermost, so that a second Ctrl-C does not interrupt the cleanup.
    with anyio.open_signal_receiver(*SIGNALS) as signals, ExitStack() as ended:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_until_signal, signals, tasks.cancel_scope)
            await _play(plan, ended)
            tasks.cancel_scope.cancel()
        print("\nStopping …", flush=True)


async def _until_signal(signals: AsyncIterator[signal.Signals], scope: anyio.CancelScope) -> None:
    async for _ in signals:
        scope.cancel()
        return


async def _play(plan: Plan, ended: ExitStack) -> None:
    print("Starting the collector and the MCP server …", flush=True)
    cast = await _set_up(plan, ended)
    collector, toolkit = cast.collector.url, cast.toolkit.url
    traffic = Traffic(toolkit, collector, plan.directory, _dead_cluster(plan.directory), _nowhere(ended))
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_watch, cast)
            await traffic.opening(cast.sse)
            await wait_for_calls(collector, traffic.calls)
            _announce(collector, toolkit, traffic.calls, plan.seconds)
            with anyio.move_on_after(plan.seconds):
                await anyio.sleep_forever()
            tasks.cancel_scope.cancel()
    except* (OSError, MCPError, httpx2.HTTPError) as errors:
        # A visit fails when its server dies; the watch may not have seen that yet.
        await anyio.sleep(2 * WATCH_SECONDS)
        _raise_for_the_dead(cast)
        said = cast.toolkit.output()
        raise DemoError(f"a visit to the MCP server failed with {_classes(errors)}\n{said}") from errors


async def _set_up(plan: Plan, ended: ExitStack) -> Cast:
    """Start everything; the end comes in the opposite order, so that servers say farewell to a living collector."""
    serve = ["-m", "footfall_collector", "serve", "--data", str(plan.directory / "data"), "--host", HOST]
    collector = Child("collector", [*serve, "--port", str(plan.footfall_port)], surroundings())
    ended.callback(collector.stop)
    url = await _listening(collector)
    servers = [
        _server(plan, ended, url, _Server("streamable-http", plan.toolkit_port, "ANTHROPIC_API_KEY", VERSION, None)),
        _server(plan, ended, url, _Server("sse", 0, "OPENAI_API_KEY", OLDER_CLUSTER, EARLIER)),
    ]
    for server in servers:
        await _listening(server)
    return Cast(collector, servers[0], servers[1])


@dataclass(frozen=True)
class _Server:
    transport: str
    port: int
    provider: str
    kubernetes: str
    release: str | None


def _server(plan: Plan, ended: ExitStack, collector: str, which: _Server) -> Child:
    """Start an MCP server and the cluster that it reads."""
    # A cluster is known by the UID of its namespace kube-system; each run has new ones.
    standin = StandIn(forbidden=("nodes",), version=which.kubernetes, uid=str(uuid.uuid4())).start()
    ended.callback(standin.stop)
    kubeconfig = plan.directory / f"kubeconfig-{which.transport}"
    kubeconfig.write_text(standin.kubeconfig, encoding="utf-8")
    toolkit = Toolkit(which.provider, kubeconfig, plan.directory / which.transport, which.release)
    arguments = toolkit.arguments("--transport", which.transport, "--host", HOST, "--port", str(which.port))
    environment = {**surroundings(), **toolkit.environment(collector)}
    child = Child(f"MCP server ({which.transport})", arguments, environment)
    ended.callback(child.stop)
    return child


async def _listening(child: Child) -> str:
    return await anyio.to_thread.run_sync(child.listening, abandon_on_cancel=True)


def _dead_cluster(directory: Path) -> Path:
    """A kubeconfig of a cluster that does not answer: nothing listens on the discard port."""
    path = directory / "kubeconfig-of-a-dead-cluster"
    path.write_text(KUBECONFIG.format(url=f"http://{HOST}:9"), encoding="utf-8")
    return path


def _nowhere(ended: ExitStack) -> TextIO:
    return ended.enter_context(open(os.devnull, "w", encoding="utf-8"))


def _classes(error: BaseException) -> str:
    """The classes of the errors in a group, each once."""
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return ", ".join(dict.fromkeys(map(_classes, inner))) or type(error).__name__


async def _watch(cast: Cast) -> None:
    """Raise as soon as a process is gone that should be there."""
    while True:
        _raise_for_the_dead(cast)
        await anyio.sleep(WATCH_SECONDS)


def _raise_for_the_dead(cast: Cast) -> None:
    for child in (cast.collector, cast.toolkit):
        if not child.alive:
            raise child.died()


def _announce(collector: str, toolkit: str, calls: int, seconds: float | None) -> None:
    until = "Ctrl-C stops it." if seconds is None else f"It ends in {seconds:g} s, or with Ctrl-C."
    print(
        f"""
{calls} tool calls of real MCP clients are in the charts; from now on every call is yours. {until}

  Dashboard      {collector}/?product=dot-ai&internal=all
  MCP server     {toolkit}
  Connect yours  {INSPECTOR.format(url=toolkit)} --method tools/call --tool-name version
""",
        flush=True,
    )
