"""The real server process in the rendered environment obeys the telemetry switch and sends to the configured host."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
import urllib3
from mcp import Client

from deploy.tests.charts import Rendered, render
from deploy.tests.serving import Host, a_host, container_environment, stop, the_server

TOOL = "validate_manifest"
ON: list[dict[str, Any]] = [
    {},
    {"telemetry": {"enabled": "true"}},
    {"telemetry": {"enabled": False}, "extraEnv": {"DOT_AI_TELEMETRY": "true"}},
]
OFF: list[dict[str, Any]] = [
    {"telemetry": {"enabled": False}},
    {"telemetry": {"enabled": "false"}},
    {"extraEnv": {"DOT_AI_TELEMETRY": "false"}},
    {"extraEnv": {"DOT_AI_TELEMETRY": "flase"}},
    {"extraEnv": {"DO_NOT_TRACK": "1"}},
]


def chart(values: dict[str, Any], host: Host, state: Path) -> Rendered:
    """The chart with a host and a key, a state directory of the test's own, no grace and no waiting."""
    hurried = {
        "DOT_AI_TELEMETRY_STATE_DIR": str(state),
        "DOT_AI_TELEMETRY_GRACE_SECONDS": 0,
        "DOT_AI_TELEMETRY_FLUSH_SECONDS": "0.1",
    }
    telemetry = {**values.get("telemetry", {}), "host": host.address, "key": "phc_of_the_values"}
    return render({"telemetry": telemetry, "extraEnv": {**hurried, **values.get("extraEnv", {})}})


async def call_a_tool(address: str) -> None:
    """One call of a tool that needs no cluster, by a real client."""
    async with Client(address) as client:
        answer = await client.call_tool(TOOL, {"manifest": "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n"})
        assert not answer.is_error


@pytest.mark.parametrize("values", ON)
def test_a_server_that_is_on_sends_to_the_host_of_the_values_under_their_key(
    values: dict[str, Any], tmp_path: Path
) -> None:
    with a_host() as host:
        rendered = chart(values, host, tmp_path / "state")
        with the_server(rendered, tmp_path) as (process, address):
            asyncio.run(call_a_tool(address))
            stop(process)
        assert {batch["api_key"] for batch in host.batches} == {"phc_of_the_values"}
        by_name = {event["event"]: event["properties"] for event in host.events}
        assert set(by_name) == {"server_started", "client_connected", "tool_executed", "server_stopped"}
        assert by_name["server_started"]["deployment_method"] == "helm"
        assert by_name["tool_executed"]["tool"] == TOOL


def test_the_host_and_the_key_of_extra_env_win_over_those_of_the_values(tmp_path: Path) -> None:
    """As the guide shows it, in a list; where the values say otherwise, nobody hears of it."""
    with a_host() as host, a_host() as other:
        hurried = chart({}, host, tmp_path / "state").environment()
        mine = hurried | {"DOT_AI_POSTHOG_HOST": host.address, "DOT_AI_POSTHOG_KEY": "phc_of_extra_env"}
        entries = [{"name": name, "value": value} for name, value in mine.items()]
        values = {"telemetry": {"host": other.address, "key": "phc_of_the_values"}, "extraEnv": entries}
        with the_server(render(values), tmp_path) as (process, address):
            asyncio.run(call_a_tool(address))
            stop(process)
        assert {batch["api_key"] for batch in host.batches} == {"phc_of_extra_env"}
        assert "tool_executed" in {event["event"] for event in host.events}
        assert other.batches == []


@pytest.mark.parametrize("values", OFF)
def test_a_server_that_is_off_sends_nothing_writes_nothing_and_connects_to_nobody(
    values: dict[str, Any], tmp_path: Path
) -> None:
    state = tmp_path / "state"
    with a_host() as host:
        with the_server(chart(values, host, state), tmp_path) as (process, address):
            asyncio.run(call_a_tool(address))
            others = [c for c in psutil.Process(process.pid).net_connections() if c.raddr and c.status != "CLOSE_WAIT"]
            assert [c for c in others if f":{c.raddr.port}" in host.address] == []
            stop(process)
        assert host.batches == []
    assert not state.exists()
    assert list(tmp_path.iterdir()) == []


def test_the_commands_of_the_notes_answer_inside_the_container(tmp_path: Path) -> None:
    """`kubectl exec … -- footfall status` has the container's environment and nothing else."""
    with a_host() as host:
        rendered = chart({}, host, tmp_path / "state")
        with the_server(rendered, tmp_path) as (_, address):
            asyncio.run(call_a_tool(address))
            status = json.loads(footfall(rendered, tmp_path, "status", "--json"))
            assert (status["product"], status["telemetry"]) == ("dot-ai", "on")
            assert status["destination"] == host.address
        assert "dot_ai_version=2.2.0" in footfall(rendered, tmp_path, "log")


def footfall(rendered: Rendered, home: Path, *arguments: str) -> str:
    """What the command prints in the container."""
    command = [sys.executable, "-c", "from footfall.cli.main import main; raise SystemExit(main())", *arguments]
    env = container_environment(rendered, home)
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=True).stdout


def test_the_service_reaches_the_server_by_its_name_in_the_cluster_and_the_probe_by_the_pods_address(
    tmp_path: Path,
) -> None:
    """The address that the chart listens on must not make the server refuse the names it is called by."""
    rendered = render({"telemetry": {"enabled": False}, "extraEnv": {"DOT_AI_TELEMETRY_STATE_DIR": str(tmp_path)}})
    path = rendered.container["readinessProbe"]["httpGet"]["path"]
    with the_server(rendered, tmp_path) as (_, address):
        probed = urllib3.request(
            "GET", address.removesuffix("/mcp") + path, headers={"Host": "10.1.2.3:8766"}, timeout=10
        )
        assert probed.status == 200
        begin = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        headers = {"Host": "demo-toolkit.tools.svc:8766", "Accept": "application/json, text/event-stream"}
        called = urllib3.request("POST", address, json=begin, headers=headers, timeout=10)
        assert called.status not in (403, 421), called.data
