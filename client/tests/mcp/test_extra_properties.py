"""A host's function fills extra properties of tool calls and connections on every SDK, and for nothing else."""

from pathlib import Path

import pytest

from tests.support.capture_server import CaptureServer

from .rig import CHOSEN, LEGACY, MODERN, Host, Sdk, call_all, connected, host, own_events, run

CALLS = [("greet", {"text": "x"}), ("crash", {}), ("tool-alice@example.com", {})]
CASES = [
    pytest.param(sdk, transport, era, id=f"{sdk.name}-{transport}-{era}")
    for sdk in CHOSEN
    for transport, era in (("stdio", LEGACY), ("http", MODERN if sdk.modern else LEGACY))
]


@pytest.mark.parametrize(("sdk", "transport", "era"), CASES)
def test_each_call_and_connection_has_what_the_function_returns(
    sdk: Sdk, transport: str, era: str, tmp_path: Path
) -> None:
    with CaptureServer() as capture, host(sdk, transport, tmp_path, capture, EXTRA_PROPERTIES="1") as server:
        run(lambda: _visit(server, era))
        if server.process is not None:
            server.end()
        capture.wait_for("server_stopped")
    calls = [(own["tool"], own["plan"], own["called"]) for _, own in own_events(capture, "tool_executed")]
    # The function is not given a name that a client made up.
    assert calls == [("greet", "paid", "greet"), ("crash", "paid", "crash"), ("other", "paid", "other")]
    [(_, connection)] = own_events(capture, "client_connected")
    assert (connection["plan"], connection["mcp_client"]) == ("free", "client-a")
    assert "called" not in connection
    assert not any("plan" in own for _, own in own_events(capture, "tool_error", "server_started", "server_stopped"))


async def _visit(server: Host, era: str) -> None:
    async with connected(server, era) as client:
        await call_all(client, CALLS)
