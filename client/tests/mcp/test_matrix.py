"""Every SDK, transport, protocol era and outcome yields exactly the expected events."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.capture_server import CaptureServer

from .rig import CHOSEN, LEGACY, MODERN, Host, Sdk, call_all, connected, host, own_events, run

SECRET = b"hunter2"
TRANSPORTS = {
    "stdio": "stdio",
    "sse": "sse",
    "http": "streamable-http",
    "stateless": "streamable-http",
    "memory": "memory",
}
CASES = [
    pytest.param(sdk, transport, era, id=f"{sdk.name}-{transport}-{era}")
    for sdk in CHOSEN
    for transport in TRANSPORTS
    for era in ([LEGACY, MODERN] if sdk.modern else [LEGACY])
]
CALLS: list[Any] = [
    ("greet", {"text": "x"}),
    ("crash", {}),
    ("crash_custom", {}),
    ("crash_made", {}),
    ("own_error", {}),
    ("greet", {}),
    ("tool-alice@example.com", {}),
    ("greet_async", {"text": "x"}),
]


def expected(sdk: Sdk, client: str) -> list[tuple[str, dict[str, Any]]]:
    """The events of CALLS."""
    outcomes = [
        ("greet", None),
        ("crash", "LookupError"),
        ("crash_custom", "ShopClosedError"),
        ("crash_made", "RuntimeError"),
        ("own_error", sdk.own_error),
        ("greet", sdk.bad_arguments),
        ("other", sdk.unknown_tool),
        ("greet_async", None),
    ]
    found: list[tuple[str, dict[str, Any]]] = []
    for tool, error in outcomes:
        found.append(("tool_executed", {"tool": tool, "success": error is None, "mcp_client": client}))
        if error:
            found.append(("tool_error", {"tool": tool, "error_type": error}))
    return found


@pytest.mark.parametrize(("sdk", "transport", "era"), CASES)
def test_every_outcome_is_recorded_as_it_happened(sdk: Sdk, transport: str, era: str, tmp_path: Path) -> None:
    with CaptureServer() as capture, host(sdk, transport, tmp_path, capture) as server:
        if transport == "memory":
            server.in_memory(CALLS, era, "client-a")
        else:
            run(lambda: _visit(server, era))
        if server.process is not None:
            server.end()
        capture.wait_for("server_stopped")
    # Without a session the old protocol does not tell whose call it is.
    client = "unknown" if transport == "stateless" and era == LEGACY else "client-a"
    assert own_events(capture, "tool_executed", "tool_error") == expected(sdk, client)
    connection = {"mcp_client": "client-a", "mcp_client_version": "1.2.3", "transport": TRANSPORTS[transport]}
    assert own_events(capture, "client_connected") == [("client_connected", connection)]
    assert len(capture.named("server_started")) == len(capture.named("server_stopped")) == 1
    assert capture.names()[0] == "server_started"
    assert not any(SECRET in request.body for request in capture.requests)


async def _visit(server: Host, era: str) -> None:
    async with connected(server, era) as client:
        await client.list_tools()
        await call_all(client, CALLS)
