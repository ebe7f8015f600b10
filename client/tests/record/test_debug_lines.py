"""`DEBUG_DOT_AI` prints every recorded event on stderr, as the TypeScript server does, and changes nothing else."""

import json
from pathlib import Path

import pytest

from client.tests.support.server import Server
from footfall import Product, Telemetry

PREFIX = "[Telemetry] Event captured: "


def events_printed(environ: dict[str, str], state: Path, capfd: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    with Server() as server:
        telemetry = Telemetry(
            Product("dot-ai", version="2.2.2", write_key="phc_test"),
            {
                "DOT_AI_POSTHOG_HOST": server.url,
                "DOT_AI_TELEMETRY_STATE_DIR": str(state),
                "DOT_AI_TELEMETRY_GRACE_SECONDS": "0",
                "AI_PROVIDER": "anthropic_opus",
                **environ,
            },
        )
        with telemetry.tool("recommend", client="claude-code"):
            pass
        assert telemetry.flush(10)
        telemetry.close()
        sent = [event for request in server.requests for event in request.events]
    captured = capfd.readouterr()
    assert captured.out == ""
    printed = [json.loads(line.removeprefix(PREFIX)) for line in captured.err.splitlines() if line.startswith(PREFIX)]
    if environ.get("DOT_AI_TELEMETRY") != "false":
        [event] = sent
        constants = {name for name in event["properties"] if name.startswith("$")}
        own = {name: value for name, value in event["properties"].items() if name not in constants}
        for shown in printed:
            assert shown == {"event": event["event"], "properties": own}
    return printed


@pytest.mark.parametrize("value", ["true", "1", "YES", " yes "])
def test_what_is_printed_is_what_is_sent(value: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    [printed] = events_printed({"DEBUG_DOT_AI": value}, tmp_path, capfd)
    assert printed["event"] == "tool_executed"
    assert json.loads(json.dumps(printed["properties"])) | {"duration_ms": 0} == {
        "tool": "recommend",
        "success": True,
        "duration_ms": 0,
        "mcp_client": "claude-code",
        "dot_ai_version": "2.2.2",
        "ai_provider": "anthropic",
        "is_internal": False,
    }


@pytest.mark.parametrize("value", ["", "false", "0", "debug"])
def test_anything_else_prints_nothing(value: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert events_printed({"DEBUG_DOT_AI": value}, tmp_path, capfd) == []


def test_off_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    off = {"DEBUG_DOT_AI": "true", "DOT_AI_TELEMETRY": "false"}
    assert events_printed(off, tmp_path, capfd) == []


def test_a_closed_stderr_costs_no_event(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", None)
    assert events_printed({"DEBUG_DOT_AI": "true"}, tmp_path, capfd) == []
