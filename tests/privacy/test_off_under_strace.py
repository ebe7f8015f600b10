"""With telemetry off, the real server asks the kernel for nothing beyond what a server without telemetry asks."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import platformdirs
import pytest
import rich

import footfall
from tests.privacy import tracing
from tests.privacy.tracing import Traced
from tests.support import plain_toolkit
from tests.support.capture_server import CaptureServer
from tests.support.mcp_clients import Call, Caller
from tests.support.toolkit_process import clean_environment, over_stdio, start_toolkit, telemetry_to

pytestmark = pytest.mark.timeout(300)

CALLS: tuple[Call, ...] = (("version", {}), ("no_such_tool", {}))
OLD, MODERN = Caller("cursor-vscode", "1.9.3", modern=False), Caller("claude-code", "2.0.51", modern=True)
OWN_CODE = (str(Path(footfall.__file__).parent), str(Path(platformdirs.__file__).parent))
STATE = Path(".local/state/footfall/dot-ai")
Serve = Callable[[str, dict[str, str], Path], Traced]


def over_a_pipe(program: str, environment: dict[str, str], scratch: Path) -> Traced:
    """A client starts the server and speaks to it over stdio; what the client's `env` block says arrives."""
    output = scratch / f"{time.monotonic_ns()}.strace"
    where = over_stdio(environment, program)
    where.command, where.args = tracing.command(output)[0], [*tracing.command(output)[1:], where.command, *where.args]
    OLD.call(where, *CALLS)
    return tracing.read(output)


def over_http(program: str, environment: dict[str, str], scratch: Path) -> Traced:
    """Clients of both protocols speak to the server over HTTP; then it is ended as a service manager ends it."""
    output = scratch / f"{time.monotonic_ns()}.strace"
    runner = scratch / f"{output.stem}.py"
    # What starts the server is Python; strace takes its place in the same process.
    command = [*tracing.command(output), sys.executable, program, "--transport", "streamable-http", "--port", "0"]
    runner.write_text(f"import os\nos.execv({command[0]!r}, {command!r})\n")
    with start_toolkit(environment, "streamable-http", str(runner)) as toolkit:
        for client in (OLD, MODERN):
            client.call(toolkit.url, *CALLS)
    return tracing.read(output)


NAMED = "http://telemetry.invalid"
"""A host that would have to be looked up, which is seen: in the resolver's files, or on its way to a name server."""
RESOLVER = {"/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/host.conf"}


def surroundings(home: Path, capture: CaptureServer | None = None, **more: str) -> dict[str, str]:
    host = NAMED if capture is None else capture.url
    return clean_environment(home, **telemetry_to(host), PYTHONDONTWRITEBYTECODE="1", **more)


def more_than(off: Traced, plain: Traced) -> set[str]:
    """Paths that only the server with telemetry looked at, without the program itself and telemetry's own code."""
    found = off.touched - plain.touched
    return {path for path in found if not path.startswith(OWN_CODE) and not path.endswith("whole.py")}


def assert_nothing_more(off: Traced, plain: Traced, home: Path, *ignored: str) -> None:
    """The same connections, threads, processes and changes; looks only at where state would be."""
    assert off.ports == plain.ports
    assert off.sockets == plain.sockets
    assert off.started == plain.started
    assert off.changed == plain.changed
    expected = (str(home / STATE), *ignored)
    assert {path for path in more_than(off, plain) if not path.startswith(expected)} == set()


OFF: dict[str, dict[str, str]] = {
    "false": {"DOT_AI_TELEMETRY": "false"},
    "do not track": {"DO_NOT_TRACK": "1"},
    "do not track wins": {"DO_NOT_TRACK": "1", "DOT_AI_TELEMETRY": "true"},
    "a typo": {"DOT_AI_TELEMETRY": "flase"},
}


# The decision is the same over HTTP: one way is enough to see what the transport adds.
@pytest.mark.parametrize(
    ("serve", "way"), [(over_http, "false"), *((over_a_pipe, way) for way in OFF)], ids=["http", *OFF]
)
def test_a_server_that_is_off_asks_the_kernel_for_nothing_more(serve: Serve, way: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    off = serve(plain_toolkit.whole(tmp_path), surroundings(home, None, **OFF[way]), tmp_path)
    plain = serve(plain_toolkit.plain(tmp_path), surroundings(home), tmp_path)
    # A typo is said in the log, and the library that writes the host's log loads more of itself for the first line.
    assert_nothing_more(off, plain, home, *([str(Path(rich.__file__).parent)] if way == "a typo" else []))
    assert not (home / ".local").exists()


def test_the_mark_of_footfall_off_does_the_same_through_the_home_directory_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with CaptureServer() as capture:
        environment = surroundings(home, capture)
        footfall_command = os.path.join(os.path.dirname(sys.executable), "footfall")
        subprocess.run([footfall_command, "off", "--product", "dot-ai"], env=environment, check=True, timeout=60)
        # Only what an SDK client passes on by itself, and nothing of telemetry's own.
        bare = {name: environment[name] for name in ("HOME", "PATH", "KUBECONFIG", "PYTHONDONTWRITEBYTECODE")}
        off = over_a_pipe(plain_toolkit.whole(tmp_path), bare, tmp_path)
        plain = over_a_pipe(plain_toolkit.plain(tmp_path), bare, tmp_path)
        assert capture.connections == 0
    assert_nothing_more(off, plain, home)
    assert [path.name for path in (home / STATE).iterdir()] == ["off"]


def test_off_deletes_what_was_not_yet_sent_and_touches_nothing_else(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with CaptureServer() as capture:
        program = plain_toolkit.whole(tmp_path)
        waiting = surroundings(home, capture) | {"DOT_AI_TELEMETRY_GRACE_SECONDS": "600"}
        OLD.call(over_stdio(waiting, program), *CALLS)
        segments = [str(path) for path in (home / STATE / "spool").iterdir()]
        assert segments
        off = over_a_pipe(program, surroundings(home, capture, DOT_AI_TELEMETRY="false"), tmp_path)
        plain = over_a_pipe(plain_toolkit.plain(tmp_path), surroundings(home, capture), tmp_path)
        assert capture.connections == 0
    more = off.changed - plain.changed
    assert {path for name, path in more if name.startswith("unlink")} == set(segments)
    assert {path for name, path in more if not name.startswith("unlink")} <= set(segments)
    assert (off.ports, off.sockets, off.started) == (plain.ports, plain.sockets, plain.started)


def test_the_same_look_at_a_server_that_is_on_sees_telemetry(tmp_path: Path) -> None:
    """What is looked for above is there to be found."""
    home = tmp_path / "home"
    with CaptureServer() as capture:
        on = over_a_pipe(plain_toolkit.whole(tmp_path), surroundings(home, capture), tmp_path)
        plain = over_a_pipe(plain_toolkit.plain(tmp_path), surroundings(home, capture), tmp_path)
        assert capture.connections > 0
        port = int(capture.url.rsplit(":", 1)[1])
    assert port in on.ports - plain.ports
    assert on.sockets > plain.sockets
    assert on.started > plain.started
    assert any(path.startswith(str(home / STATE)) for _, path in on.changed)


def test_the_look_up_of_a_name_is_seen_too(tmp_path: Path) -> None:
    home = tmp_path / "home"
    on = over_a_pipe(plain_toolkit.whole(tmp_path), surroundings(home), tmp_path)
    plain = over_a_pipe(plain_toolkit.plain(tmp_path), surroundings(home), tmp_path)
    assert (on.touched - plain.touched) & RESOLVER
    assert not plain.touched & {"/etc/resolv.conf"}


@pytest.mark.parametrize("variable", ["DOT_AI_TELEMETRY", "OTHER_TELEMETRY"])
def test_a_typo_is_said_once_without_what_was_written(variable: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with CaptureServer() as capture:
        environment = surroundings(home, capture, **{variable: "flase-hunter2"})
        with start_toolkit(environment) as toolkit:
            OLD.call(toolkit.url, *CALLS)
            MODERN.call(toolkit.url, *CALLS)
    said = [line for line in toolkit.output.splitlines() if "neither on nor off" in line]
    assert len(said) == (1 if variable == "DOT_AI_TELEMETRY" else 0), toolkit.output
    assert "hunter2" not in toolkit.output
