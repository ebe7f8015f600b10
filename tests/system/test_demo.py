"""`make demo` shows a filled page, counts the user's own client within seconds, and ends cleanly."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.demo.charts import chart
from tests.support.demo_process import ROOT, DemoProcess, free_ports, is_free, start_demo
from tests.support.mcp_clients import Caller
from tests.support.waiting import steadily, wait_for

INSPECTOR = Path(__file__).parent / "node/node_modules/.bin/mcp-inspector"
FILLED = {
    # Chart and how many rows it has at least: the page should say something about each question.
    "tool-usage": 6,
    "tool-errors": 6,
    "tool-duration": 6,
    "error-types": 6,
    "ai-providers": 4,
    "mcp-clients": 9,
    "transports": 3,
    "kubernetes-versions": 3,
    "deployment-methods": 1,
    "versions": 2,
    "active-instances": 1,
    "retention": 1,
    "uptime": 1,
    "events": 5,
}


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return free_ports()


@pytest.fixture(scope="module")
def demo(ports: dict[str, int]) -> Iterator[DemoProcess]:
    with start_demo(ports) as running:
        yield running.opened()


def test_it_says_where_everything_is(demo: DemoProcess, ports: dict[str, int]) -> None:
    dashboard, server = ports["FOOTFALL_PORT"], ports["TOOLKIT_PORT"]
    assert demo.named("Dashboard") == f"http://127.0.0.1:{dashboard}/?product=dot-ai&internal=all"
    assert demo.named("MCP server") == f"http://127.0.0.1:{server}/mcp"
    assert f"http://127.0.0.1:{server}/mcp" in demo.named("Connect yours")


def test_its_link_opens_a_page(demo: DemoProcess) -> None:
    with urllib.request.urlopen(demo.named("Dashboard"), timeout=10) as answer:
        assert answer.status == 200
        assert "dot-ai" in answer.read().decode()


@pytest.mark.parametrize("name", FILLED)
def test_every_chart_has_something_to_show(name: str, demo: DemoProcess) -> None:
    assert len(chart(demo.collector, name)) >= FILLED[name]


def test_both_protocol_eras_and_several_installations_are_in_it(demo: DemoProcess) -> None:
    clients = {row["mcp_client"] for row in chart(demo.collector, "mcp-clients")}
    assert {"claude-code", "Codex", "opencode"} <= clients  # protocol 2026-07-28
    assert {"cursor-vscode", "Zed", "goose", "windsurf-client"} <= clients  # `initialize`
    assert chart(demo.collector, "active-instances")[-1]["daily"] == 5
    assert {row["product_version"] for row in chart(demo.collector, "versions")} == {"2.1.4", "2.2.0"}


def version_calls(demo: DemoProcess) -> int:
    """How often the tool `version` was called, as the charts say."""
    return sum(row["calls"] for row in chart(demo.collector, "tool-usage") if row["tool"] == "version")


def inspect(url: str) -> dict[str, Any]:
    """Call the tool `version` as the MCP inspector's command line does."""
    assert INSPECTOR.exists(), "the MCP inspector is not installed: run `make node`"
    command = ["node", str(INSPECTOR), "--cli", url, "--transport", "http"]
    command += ["--method", "tools/call", "--tool-name", "version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_three_calls_of_a_client_that_the_demo_does_not_use_are_three_more_within_five_seconds(
    demo: DemoProcess,
) -> None:
    before = version_calls(demo)
    for _ in range(3):
        result = inspect(demo.named("MCP server"))
        assert json.loads(result["content"][0]["text"])["server"] == "2.2.0"
    wait_for(lambda: version_calls(demo) == before + 3, "three more calls of version", 5.0)
    steadily(lambda: version_calls(demo) == before + 3, "three more calls, not four", 2.0)


def test_a_client_of_one_s_own_making_is_counted_too(demo: DemoProcess) -> None:
    before = version_calls(demo)
    Caller("a client that nobody knows", "0.1", modern=True).call(demo.named("MCP server"), ("version", {}))
    wait_for(lambda: version_calls(demo) == before + 1, "one more call of version", 5.0)
    wait_for(lambda: "other" in {row["mcp_client"] for row in chart(demo.collector, "mcp-clients")}, "the stranger")


def test_ctrl_c_ends_everything_and_leaves_nothing() -> None:
    ports = free_ports()
    with start_demo(ports) as demo:
        directory = demo.opened().directory()
        assert directory.is_relative_to(ROOT / ".demo")
        assert directory.is_dir()
        code = demo.ctrl_c()
    assert code in (0, -signal.SIGINT)  # `make` may end by the signal itself
    assert demo.output.rstrip().endswith("Stopping …")
    check_nothing_is_left(demo, ports, directory)


def test_ctrl_c_while_it_is_still_opening_is_heard_too() -> None:
    ports = free_ports()
    with start_demo(ports, (sys.executable, "scripts/demo")) as demo:
        wait_for(lambda: not is_free(ports["FOOTFALL_PORT"]), "the collector to listen", 30.0)
        directory = demo.directory()
        assert demo.ctrl_c() == 0
    assert "Traceback" not in demo.output
    check_nothing_is_left(demo, ports, directory)


def test_demo_seconds_end_it_and_what_the_user_has_set_elsewhere_changes_nothing() -> None:
    """Somebody who never sends telemetry, behind a proxy that does not know this machine."""
    ports = free_ports()
    proxy = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), "http://127.0.0.1:9") | {"NO_PROXY": ""}
    careful = {"DO_NOT_TRACK": 1, "DOT_AI_TELEMETRY": "false", "AI_PROVIDER": "groq", "KUBECONFIG": "/nowhere"}
    with start_demo({**ports, **proxy, **careful, "DEMO_SECONDS": 1}) as demo:
        directory = demo.opened().directory()
        assert demo.end() == 0
    assert "It ends in 1 s, or with Ctrl-C." in demo.output
    check_nothing_is_left(demo, ports, directory)


def test_a_server_that_dies_ends_the_demo_with_its_name() -> None:
    ports = free_ports()
    with start_demo(ports, (sys.executable, "scripts/demo")) as demo:
        directory = demo.opened().directory()
        demo.running("footfall_toolkit").kill()
        assert demo.end() == 1
    assert "demo: the MCP server (streamable-http) ended by SIGKILL" in demo.output
    assert "Traceback" not in demo.output
    check_nothing_is_left(demo, ports, directory)


def check_nothing_is_left(demo: DemoProcess, ports: dict[str, int], directory: Path) -> None:
    """No process, no port, no file."""
    assert demo.children
    assert demo.left_over() == []
    assert [port for port in ports.values() if not is_free(port)] == []
    assert not directory.exists()


@pytest.mark.parametrize("variable", ["FOOTFALL_PORT", "TOOLKIT_PORT"])
def test_a_taken_port_is_a_plain_sentence_and_an_error(variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        demo = start_demo({**free_ports(), variable: port})
        assert demo.end() != 0
    expected = f"demo: port {port} is taken: choose another, for example {variable}={port + 100} make demo"
    assert demo.lines[0].rstrip() == expected
    assert "Traceback" not in demo.output


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"FOOTFALL_PORT": "8765x"}, "FOOTFALL_PORT=8765x: use a port number"),
        ({"TOOLKIT_PORT": "70000"}, "TOOLKIT_PORT=70000: use a port number"),
        ({"DEMO_SECONDS": "soon"}, "DEMO_SECONDS=soon: use a number of seconds above 0"),
        ({"DEMO_SECONDS": "-1"}, "DEMO_SECONDS=-1: use a number of seconds above 0"),
        ({"DEMO_SECONDS": "nan"}, "DEMO_SECONDS=nan: use a number of seconds above 0"),
    ],
    ids=str,
)
def test_a_setting_that_makes_no_sense_is_said(variables: dict[str, str], sentence: str) -> None:
    demo = start_demo({**free_ports(), **variables}, (sys.executable, "scripts/demo"))
    assert demo.end() == 1
    assert demo.output.startswith(f"demo: {sentence}")
