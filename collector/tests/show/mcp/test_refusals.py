"""A caller's mistake is answered with the code that the specification names, and leaves no error in the log."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.tests.app.http import Answer, ask
from tests.support.collector_process import CollectorProcess, start_collector

MARKER = "hunter2-is-planted-here"
HANDSHAKE, ENVELOPES = "2025-11-25", "2026-07-28"
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": ENVELOPES,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
}
JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
NAME_KEYS = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
MISTAKES = [
    ("tools/call", {"name": MARKER}, -32602, "There is no such tool"),
    ("prompts/get", {"name": MARKER}, -32602, "There is no such prompt"),
    ("prompts/get", {"name": MARKER, "arguments": {MARKER: MARKER}}, -32602, "There is no such prompt"),
    ("prompts/get", {MARKER: MARKER}, -32602, "wrong or missing parameters"),
    ("resources/read", {"uri": f"test://{MARKER}"}, -32602, "There is no such resource"),
    ("resources/read", {"uri": f"{MARKER}:// [%"}, -32602, "There is no such resource"),
    ("resources/subscribe", {"uri": f"test://{MARKER}"}, -32601, "no such method"),
    (
        "completion/complete",
        {"ref": {"type": "ref/prompt", "name": MARKER}, "argument": {"name": MARKER, "value": MARKER}},
        -32601,
        "no such method",
    ),
    ("logging/setLevel", {"level": "debug"}, -32601, "no such method"),
    (MARKER, {MARKER: MARKER}, -32601, "no such method"),
]


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """A collector that must have logged no error when it has ended, after the last test."""
    with start_collector(tmp_path_factory.mktemp("refusals") / "data") as running:
        yield running
    check_output(running)


def check_output(ended: CollectorProcess) -> None:
    assert ended.process.returncode == 0
    assert not [word for word in ("ERROR", "Traceback", MARKER) if word in ended.output], ended.output


def send(collector: CollectorProcess, method: str, params: dict[str, Any], **headers: str) -> Answer:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(collector, "POST", "/mcp", json.dumps(body).encode(), JSON | names)


def initialize(collector: CollectorProcess, version: str = HANDSHAKE) -> Answer:
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    return send(collector, "initialize", params)


def send_in_session(collector: CollectorProcess, method: str, params: dict[str, Any]) -> Answer:
    session = initialize(collector).headers["mcp-session-id"]
    return send(collector, method, params, Mcp_Session_Id=session, MCP_Protocol_Version=HANDSHAKE)


def send_with_envelope(collector: CollectorProcess, method: str, params: dict[str, Any]) -> Answer:
    name = params.get(NAME_KEYS.get(method, ""))
    headers = {"MCP_Protocol_Version": ENVELOPES, "Mcp_Method": method} | ({"Mcp_Name": name} if name else {})
    return send(collector, method, params | {"_meta": ENVELOPE}, **headers)


@pytest.mark.parametrize("sender", [send_in_session, send_with_envelope])
def test_what_does_not_exist_is_the_callers_mistake(collector: CollectorProcess, sender: Any) -> None:
    for method, params, code, sentence in MISTAKES:
        answer = sender(collector, method, params)
        error = answer.json["error"]
        assert error["code"] == code, (method, answer.text)
        assert sentence in error["message"], (method, answer.text)
        assert "data" not in error
        assert MARKER not in answer.text


def test_initialize_with_an_unknown_version_is_answered_with_a_supported_one(collector: CollectorProcess) -> None:
    for version in ("2099-01-01", "1999-01-01", "2026-07-28", MARKER, ""):
        answer = initialize(collector, version)
        assert answer.status == 200
        assert answer.json["result"]["protocolVersion"] == HANDSHAKE
        assert not version or version not in answer.text
    for version in ("2024-11-05", "2025-03-26", "2025-06-18", HANDSHAKE):
        assert initialize(collector, version).json["result"]["protocolVersion"] == version


@pytest.mark.parametrize(
    ("version", "requested"),
    [("2099-01-01", "2099-01-01"), (MARKER, ""), (f"2099-01-01 {MARKER}", ""), ("2099-1-1", ""), ("2099-01-0²", "")],
)
def test_an_unsupported_version_in_the_header_is_repeated_if_it_is_a_date(
    collector: CollectorProcess, version: str, requested: str
) -> None:
    session = initialize(collector).headers["mcp-session-id"]
    envelope = ENVELOPE | {"io.modelcontextprotocol/protocolVersion": version}
    answers = [
        send(collector, "tools/list", {}, MCP_Protocol_Version=version, Mcp_Session_Id=session),
        send(collector, "tools/list", {}, MCP_Protocol_Version=version),
        send(collector, "tools/list", {"_meta": envelope}, MCP_Protocol_Version=version, Mcp_Method="tools/list"),
    ]
    for answer in answers:
        error = answer.json["error"]
        assert (answer.status, error["code"]) == (400, -32022)
        assert ENVELOPES in error["data"]["supported"]
        assert error["data"]["requested"] == requested
        assert error["message"] == "This version of the protocol is not supported."
    assert HANDSHAKE in answers[0].json["error"]["data"]["supported"], "a client with a session may choose these"


def test_an_event_stream_that_is_open_at_the_end_is_no_error(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data") as collector:
        session = initialize(collector).headers["mcp-session-id"]
        connection = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=30)
        headers = {"Accept": "text/event-stream", "Mcp-Session-Id": session, "MCP-Protocol-Version": HANDSHAKE}
        connection.request("GET", "/mcp", headers=headers)
        assert connection.getresponse().status == 200
        collector.stop()
        connection.close()
    check_output(collector)
