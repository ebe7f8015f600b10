"""A test's capture takes over from the telemetry of an instrumented server, and gives it back."""

import gc
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.server.mcpserver import MCPServer

from footfall import Product, Telemetry
from footfall.mcp import instrument
from footfall.testing import capture

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/instrument.md").read_text("utf-8").partition("## Test your server")[2]
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


def recorded(state: Path) -> int:
    return sum(path.read_bytes().count(b'"tool_executed"') for path in (state / "spool").glob("*.seg"))


def test_a_capture_takes_over_and_gives_back(tmp_path: Path) -> None:
    environ = {
        "DOT_AI_TELEMETRY_STATE_DIR": str(tmp_path),
        "DOT_AI_POSTHOG_HOST": "http://127.0.0.1:9",
        "KUBECONFIG": "/none",
    }
    real, used = Telemetry(Product("dot-ai", write_key="phc_test"), environ), server()
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
    assert recorded(tmp_path) == 0
    call(used)
    assert recorded(tmp_path) == 1
    real.close()


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
