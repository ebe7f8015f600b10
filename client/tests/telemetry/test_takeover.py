"""A test's capture takes over from the telemetry of an instrumented server, and gives it back."""

import gc
import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.server.mcpserver import MCPServer

from footfall import Product, Telemetry
from footfall.catalogue import ServerStarted, ToolExecuted
from footfall.mcp import instrument
from footfall.testing import capture

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/instrument.md").read_text("utf-8").partition("## Test your server")[2]
PRODUCT = Product("dot-ai", write_key="phc_test")
EXAMPLE = PAGE.partition("```python\n")[2].partition("```")[0]


def server() -> MCPServer:
    made: Any = MCPServer("hello")
    made.tool(name="greet")(lambda: "hello")
    return made  # type: ignore[no-any-return] # an MCPServer


def call(server: MCPServer) -> None:
    async def once() -> None:
        async with Client(server) as client:
            await client.call_tool("greet", {})

    anyio.run(once)


def spooled(state: Path) -> Iterator[str]:
    """The names of the events on disk."""
    for path in sorted((state / "spool").glob("*.seg")):
        for line in path.read_bytes().splitlines():
            if (name := json.loads(line).get("e")) is not None:
                yield name


def test_a_capture_takes_over_and_gives_back(tmp_path: Path) -> None:
    real, used = on(tmp_path), server()
    instrument(used, real)
    with capture() as outer:
        instrument(used, outer)
        call(used)
        with capture() as inner:
            instrument(used, inner)
            other = threading.Thread(target=call, args=(used,))
            other.start()
            other.join()
        call(used)
    assert [len(telemetry.named("tool_executed")) for telemetry in (outer, inner)] == [2, 1]
    assert len(outer.named("server_started")) == 1
    assert list(spooled(tmp_path)) == []
    call(used)
    assert list(spooled(tmp_path)).count("tool_executed") == 1
    real.close()


def on(state: Path) -> Telemetry:
    """A telemetry that is on, which sends to nobody."""
    environ = {
        "DOT_AI_TELEMETRY_STATE_DIR": str(state),
        "DOT_AI_POSTHOG_HOST": "http://127.0.0.1:9",
        "KUBECONFIG": "/none",
    }
    return Telemetry(PRODUCT, environ)


def off(state: Path) -> Telemetry:
    """One that is off because pytest runs this process."""
    return Telemetry(PRODUCT, {"HOME": str(state), "PYTEST_CURRENT_TEST": "x", "KUBECONFIG": "/none"})


REAL = pytest.mark.parametrize("real", [on, off])


@REAL
def test_a_capture_sees_what_the_host_records_itself(real: Callable[[Path], Telemetry], tmp_path: Path) -> None:
    telemetry, used = real(tmp_path), server()
    was_active, record, record_call = telemetry.active, telemetry.record, telemetry.record_call

    @telemetry.tool("route")
    def route() -> str:
        return "answer"

    instrument(used, telemetry)
    events = len(list(spooled(tmp_path)))
    for _ in range(2):
        with capture() as captured:
            instrument(used, captured)
            telemetry.server_started()
            call(used)
            assert route() == "answer"
            with telemetry.tool("block"):
                pass
            record(ToolExecuted(tool="block", success=False, duration_ms=1.0))
            record(ServerStarted)  # type: ignore[arg-type] # a host's mistake
            record_call("route", "http", 0.1, KeyError("text"))
            telemetry.close()
        tools = [(event["tool"], event["success"]) for event in captured.named("tool_executed")]
        assert tools == [("greet", True), ("route", True), ("block", True), ("block", False), ("route", False)]
        assert captured.named("tool_error") == [{"tool": "route", "error_type": "KeyError"}]
        assert [len(captured.named(name)) for name in ("server_started", "server_stopped")] == [1, 1]
        assert captured.dropped == {"unknown_event": 1}
        assert telemetry.active == was_active
    route()
    record(ServerStarted())
    assert len(captured.events) == 9
    assert len(list(spooled(tmp_path))) == events + (2 if was_active else 0)
    telemetry.close()


@REAL
def test_each_capture_sees_the_server_start_and_its_clients(real: Callable[[Path], Telemetry], tmp_path: Path) -> None:
    telemetry, used = real(tmp_path), server()
    instrument(used, telemetry)
    for close in (True, False, True):
        captured = capture()
        instrument(used, captured)
        call(used)
        assert [event["event"] for event in captured.events] == ["server_started", "client_connected", "tool_executed"]
        if close:
            captured.close()
        del captured
        gc.collect()
    call(used)
    expected = ["server_started", "client_connected", "tool_executed"] if telemetry.active else []
    assert list(spooled(tmp_path)) == expected
    telemetry.close()


def test_a_capture_of_a_telemetry_needs_no_server(tmp_path: Path) -> None:
    switched_off = Telemetry(PRODUCT, {"DOT_AI_TELEMETRY": "false", "HOME": str(tmp_path)})
    for telemetry in (switched_off, off(tmp_path), on(tmp_path)):
        was_active = telemetry.active
        with capture(telemetry) as captured:
            used = server()
            instrument(used, telemetry)
            with telemetry.tool("block"):
                call(used)
        assert [event["tool"] for event in captured.named("tool_executed")] == ["greet", "block"]
        assert telemetry.active == was_active
        with capture() as later:
            instrument(used, later)
            call(used)
        assert len(later.events) == 3
        telemetry.close()
    assert list(spooled(tmp_path)) == []


def test_tools_that_a_capture_names_are_allowed_in_what_it_takes_over(tmp_path: Path) -> None:
    telemetry, used = on(tmp_path), server()
    instrument(used, telemetry)
    with capture() as captured:
        instrument(used, captured, tools=["named"])
        telemetry.record_call("named", "http", 0.1)
    assert [event["tool"] for event in captured.named("tool_executed")] == ["named"]
    telemetry.close()


def test_a_later_capture_takes_over_from_one_that_was_closed_or_dropped() -> None:
    used = server()
    for close in (True, False, True):
        telemetry = capture()
        instrument(used, telemetry)
        call(used)
        assert [event["tool"] for event in telemetry.named("tool_executed")] == ["greet"]
        if close:
            telemetry.close()
        del telemetry
        gc.collect()


@pytest.mark.parametrize(
    ("old", "new", "passes"),
    [
        ("", "", True),
        ("    instrument(server, telemetry)\n", "", False),
        ('call_tool("greet"', 'call_tool("other"', False),
    ],
)
def test_the_example_of_the_documentation_passes_and_can_fail(old: str, new: str, passes: bool, tmp_path: Path) -> None:
    assert old in EXAMPLE
    program = tmp_path / "example.py"
    program.write_text(EXAMPLE.replace(old, new) if old else EXAMPLE)
    ended = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)
    assert (ended.returncode == 0) == passes, ended.stderr


TEST_OF_A_HOST = """
import sys
from footfall import Product, Telemetry
from footfall.catalogue import ServerStarted

def test_it(FIXTURE):
    telemetry = Telemetry(Product("dot-ai", write_key="phc_test", host="http://127.0.0.1:9"))
    assert telemetry.active == EXPECTED, telemetry.decision
    assert EXPECTED or "footfall.pipeline" not in sys.modules
    CHECK
"""


@pytest.mark.parametrize(("variables", "expected"), [({}, False), ({"DOT_AI_TELEMETRY": "true"}, True)])
def test_under_pytest_it_is_off_unless_the_switch_says_on(
    variables: dict[str, str], expected: bool, tmp_path: Path
) -> None:
    fixture = "" if expected else "footfall_capture"
    check = "pass" if expected else "footfall_capture.record(ServerStarted()); assert footfall_capture.events"
    text = re.sub("EXPECTED", str(expected), TEST_OF_A_HOST).replace("FIXTURE", fixture).replace("CHECK", check)
    (tmp_path / "test_host.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "footfall.testing.pytest_plugin", "-p", "no:cacheprovider"]
    environ = {"HOME": str(tmp_path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "KUBECONFIG": "/none", **variables}
    ended = subprocess.run(
        [*command, "test_host.py"], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


OLD_PYTEST = """
import os
import pytest

os.environ.pop("PYTEST_VERSION")

@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    # The new one, which runs here, removes it at its end.
    early_config.add_cleanup(lambda: os.environ.setdefault("PYTEST_VERSION", "1"))
"""
CONFTEST = """
from footfall import Product, Telemetry

at_import = Telemetry(Product("dot-ai", write_key="phc_test", host="http://127.0.0.1:9"))
assert not at_import.active, at_import.decision
"""


def test_it_is_off_at_the_import_of_tests_also_where_pytest_says_nothing_of_itself(tmp_path: Path) -> None:
    (tmp_path / "old_pytest.py").write_text(OLD_PYTEST)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_host.py").write_text("def test_it(): pass")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "footfall.testing.pytest_plugin", "-p", "old_pytest"]
    environ = {"HOME": str(tmp_path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "KUBECONFIG": "/none"}
    ended = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert not (tmp_path / ".local").exists()
