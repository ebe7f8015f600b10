"""Instrumentation changes no answer: every byte that a client receives is the same without it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.capture_server import CaptureServer

from .rig import CHOSEN, LEGACY, MODERN, Sdk, host

ERAS = [
    pytest.param(sdk, era, id=f"{sdk.name}-{era}")
    for sdk in CHOSEN
    for era in ([LEGACY, MODERN] if sdk.modern else [LEGACY])
]
INFO = {"name": "client-a", "version": "1.2.3"}
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": INFO,
    "io.modelcontextprotocol/clientCapabilities": {},
}


def conversation(era: str) -> list[dict[str, Any]]:
    """Requests in order; each is answered before the next is sent."""
    asked: list[tuple[str, dict[str, Any]]] = [
        ("tools/list", {}),
        ("tools/call", {"name": "greet", "arguments": {"text": "x"}}),
        ("tools/call", {"name": "greet", "arguments": {}}),
        ("tools/call", {"name": "crash", "arguments": {}}),
        ("tools/call", {"name": "no_such_tool", "arguments": {}}),
        ("tools/call", {}),
        ("no/such/method", {}),
    ]
    if era == MODERN:
        asked = [(method, {**params, "_meta": META}) for method, params in asked]
    else:
        first = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": INFO}
        asked = [("initialize", first), ("notifications/initialized", {}), *asked]
    return [
        {"jsonrpc": "2.0", "method": method, "params": params}
        | ({} if method.startswith("notifications/") else {"id": number})
        for number, (method, params) in enumerate(asked)
    ]


def answers(command: list[str], environment: dict[str, str], era: str) -> list[bytes]:
    """The lines that a server writes to stdout in answer to requests over stdio."""
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdin is not None
    assert process.stdout is not None
    lines = []
    for message in conversation(era):
        process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.flush()
        while "id" in message:
            line = process.stdout.readline()
            lines.append(line)
            assert line, lines
            if json.loads(line).get("id") == message["id"]:
                break
    process.stdin.close()
    lines.append(process.stdout.read())
    assert process.wait(20) == 0
    return lines


@pytest.mark.parametrize(("sdk", "era"), ERAS)
def test_every_answer_is_the_same_byte_for_byte(sdk: Sdk, era: str, tmp_path: Path) -> None:
    with CaptureServer() as capture:
        watched = host(sdk, "stdio", tmp_path, capture)
        with_telemetry = answers(watched.command(), watched.environment, era)
        capture.wait_for("server_stopped")
        off = {**watched.environment, "TEST_HOST_TELEMETRY": "false"}
        assert answers(watched.command(), off, era) == with_telemetry
        assert len(capture.named("tool_executed")) == 4
