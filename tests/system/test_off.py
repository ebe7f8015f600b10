"""With telemetry off, the running process equals that of the same server without the line that enables it."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.support import plain_toolkit
from tests.support.capture_server import CaptureServer
from tests.support.mcp_clients import Call, Caller
from tests.support.observed import Observed, observable, observe, tree
from tests.support.toolkit_process import MODULE, clean_environment, over_stdio, start_toolkit, telemetry_to

CALLS: tuple[Call, ...] = (("version", {}), ("query", {"kind": "pods"}), ("no_such_tool", {}))
CLIENTS = (Caller("cursor-vscode", "1.9.3", modern=False), Caller("claude-code", "2.0.51", modern=True))
OFF = {"DOT_AI_TELEMETRY": "false"}
DECIDING = {
    "footfall",
    "footfall.mcp",
    "footfall.mcp.instrumentation",
    "footfall.record",
    "footfall.record.manual_calls",
    "footfall.settings",
    "footfall.settings.opt_out",
    "footfall.settings.product",
    "footfall.telemetry",
    "footfall.version",
}
"""What it takes to find out that it is off. Nothing else of telemetry may be imported then."""
NO_KEY = {"footfall.settings.environment"}
"""Imported besides where the switch says on: whether there is a write key."""


@pytest.fixture
def plain(tmp_path: Path) -> str:
    """The toolkit's own program without what telemetry needs."""
    return plain_toolkit.plain(tmp_path)


def over_http(environment: Mapping[str, str], program: tuple[str, ...] = MODULE) -> Observed:
    """Serve both clients over HTTP; how the process looks after that, while it still serves."""
    command = (*program, "--transport", "streamable-http", "--port", "0")
    scratch = Path(environment["HOME"]).parent
    with start_toolkit({**environment, **observable(scratch)}, "streamable-http", *command) as toolkit:
        for client in CLIENTS:
            client.call(toolkit.url, *CALLS)
        return observe(toolkit.pid, scratch)


def over_a_pipe(environment: Mapping[str, str], program: tuple[str, ...] = MODULE) -> Observed:
    """The same over stdio, while the client is still there. The variable passes through the client's `env`."""
    seen: list[Observed] = []
    scratch = Path(environment["HOME"]).parent

    def look() -> None:
        (server,) = (c for c in psutil.Process().children() if program[-1] in c.cmdline())
        seen.append(observe(server.pid, scratch))

    where = over_stdio({**environment, **observable(scratch)}, *program)
    CLIENTS[0].call(where, *CALLS, during=look)
    return seen[0]


TRANSPORTS = pytest.mark.parametrize("serve", [over_http, over_a_pipe], ids=["http", "stdio"])
Serve = Callable[..., Observed]


@TRANSPORTS
def test_a_server_that_is_off_is_like_one_that_was_never_instrumented(serve: Serve, plain: str, tmp_path: Path) -> None:
    with CaptureServer() as capture:
        home = tmp_path / "home"
        environment = clean_environment(home, **telemetry_to(capture.url), **OFF)
        before = tree(home)
        off = serve(environment)
        assert tree(home) == before
        without = serve(environment, (plain,))
        assert off.imported("footfall") == DECIDING
        assert (off.connected, off.unknown_threads) == (frozenset(), 0)
        differing = {name.split(".")[0] for name in off.modules ^ without.modules}
        # One was started as a module, the other as a file; and off looks where unsent events could wait.
        assert differing - {"runpy"} == {"footfall", "platformdirs"}
        assert replace(off, modules=without.modules) == without
        assert (capture.connections, capture.requests) == (0, [])


@TRANSPORTS
def test_the_same_look_at_a_server_that_is_on_sees_telemetry(serve: Serve, plain: str, tmp_path: Path) -> None:
    """What the test above looks for is there to be found."""
    with CaptureServer() as capture:
        home = tmp_path / "home"
        environment = clean_environment(home, **telemetry_to(capture.url))
        on, without = serve(environment), serve(environment, (plain,))
        assert on.threads - without.threads == {"footfall"}
        assert {"footfall.pipeline", "footfall.record.recorder", "msgspec"} <= on.modules - without.modules
        assert any("/footfall/dot-ai/spool/" in path for path in on.files - without.files)
        assert any(path.startswith(".local/state/footfall") for path in tree(home))
        capture.wait_for("tool_executed", len(CALLS))
        assert capture.connections > 0


@pytest.mark.parametrize(
    "variables",
    [
        {"DOT_AI_TELEMETRY": "0"},
        {"DOT_AI_TELEMETRY": "Off"},
        {"DOT_AI_TELEMETRY": "flase"},
        {"DO_NOT_TRACK": "1"},
        {"DO_NOT_TRACK": "1", "DOT_AI_TELEMETRY": "true"},
        {"DOT_AI_POSTHOG_KEY": ""},
    ],
    ids=str,
)
def test_every_other_way_to_say_off_leaves_nothing_either(variables: dict[str, str], tmp_path: Path) -> None:
    with CaptureServer() as capture:
        home = tmp_path / "home"
        environment = clean_environment(home, **{**telemetry_to(capture.url), **variables})
        before = tree(home)
        off = over_a_pipe(environment)
        assert off.imported("footfall") <= DECIDING | NO_KEY
        assert "footfall" not in off.threads
        assert (tree(home), capture.connections) == (before, 0)


def test_what_was_recorded_before_is_never_sent_once_it_is_off(tmp_path: Path) -> None:
    """Recorded in the grace period, then turned off: what waited is deleted, and there is no farewell."""
    with CaptureServer() as capture:
        home = tmp_path / "home"
        over_a_pipe(clean_environment(home, **telemetry_to(capture.url, grace=600)))
        spool = home / ".local/state/footfall/dot-ai/spool"
        assert any(path.stat().st_size > 1024 for path in spool.iterdir())
        over_a_pipe(clean_environment(home, **telemetry_to(capture.url), **OFF))
        assert [path.name for path in spool.iterdir()] == []
        over_a_pipe(clean_environment(home, **telemetry_to(capture.url)))
        capture.wait_for("server_stopped")
        assert capture.names().count("server_started") == 1


def test_over_stdio_the_users_own_shell_is_not_heard_but_the_clients_env_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why the guide shows the variable in the client's configuration."""
    monkeypatch.setenv("DOT_AI_TELEMETRY", "false")
    with CaptureServer() as capture:
        environment = clean_environment(tmp_path / "home", **telemetry_to(capture.url))
        over_a_pipe(environment)
        capture.wait_for("server_stopped")
        sent = len(capture.requests)
        over_a_pipe({**environment, **OFF})
        assert len(capture.requests) == sent


def test_footfall_off_is_heard_over_stdio_through_the_home_directory_alone(tmp_path: Path) -> None:
    with CaptureServer() as capture:
        home = tmp_path / "home"
        environment = clean_environment(home, **telemetry_to(capture.url))
        command = os.path.join(os.path.dirname(sys.executable), "footfall")
        subprocess.run([command, "off", "--product", "dot-ai"], env=environment, check=True, capture_output=True)
        before = tree(home)
        off = over_a_pipe(environment)
        assert off.imported("footfall") <= DECIDING
        assert "footfall" not in off.threads
        assert (tree(home), capture.connections) == (before, 0)
