"""In preview mode the log explains why an event that a host records is not sent, without the value."""

from pathlib import Path
from typing import Any

import pytest

from footfall import Product, Telemetry
from footfall.catalogue import ServerStarted, ToolExecuted
from footfall.record.recorder import Recorder

SECRET = "gelemadofax"
PRODUCT = Product("dot-ai", write_key="phc_key", host="http://127.0.0.1:9")


class Hostile:
    """No event; every use of it raises."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(SECRET)

    def __mul__(self, factor: int) -> Any:
        raise RuntimeError(SECRET)


def telemetry_in(mode: str, directory: Path) -> Telemetry:
    return Telemetry(PRODUCT, {"DOT_AI_TELEMETRY_STATE_DIR": str(directory), "DOT_AI_TELEMETRY": mode})


def misuse(telemetry: Telemetry) -> None:
    wrong: Any = SECRET
    for _ in range(2):
        telemetry.record(ToolExecuted(tool="recommend", success=wrong, duration_ms=1.0))
        telemetry.record(ToolExecuted(tool="recommend", success=True, duration_ms=-5.5))
        telemetry.record(ToolExecuted(tool=SECRET, success=True, duration_ms=wrong))
        telemetry.record(ServerStarted(k8s_version=wrong, deployment_method=[SECRET]))  # type: ignore[arg-type] # the point
        telemetry.record(wrong)
        telemetry.record(type(SECRET, (), {})())
        telemetry.record_call([SECRET], "cursor", 1.0)
        telemetry.record_call("recommend", "cursor", Hostile())
        telemetry.record(Hostile())  # type: ignore[arg-type] # as above
    telemetry.close()


def test_each_mistake_is_logged_once_without_its_value(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    misuse(telemetry_in("preview", tmp_path))
    assert caplog.messages == [
        f"dot-ai telemetry: {sentence}"
        for sentence in (
            "not sent: tool_executed.success is no true/false",
            "not sent: tool_executed.duration_ms is no number of milliseconds, 0 or more",
            "sent without server_started.deployment_method: it is no text",
            "not sent: str is no event of the product's catalogue",
            "not sent: object is no event of the product's catalogue",
            "not sent: tool_executed.tool is no text",
            "not sent: Hostile is no event of the product's catalogue",
        )
    ]


def test_correct_events_log_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    telemetry = telemetry_in("preview", tmp_path)
    telemetry.server_started()
    telemetry.record(ToolExecuted(tool="recommend", success=True, duration_ms=1.0))
    telemetry.record_call("recommend", "cursor", 0.2, LookupError("no"))
    telemetry.close()
    assert caplog.messages == []


def test_outside_preview_mistakes_are_counted_and_not_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    telemetry = telemetry_in("true", tmp_path)
    assert telemetry._pipeline is not None
    assert type(telemetry._pipeline.recorder) is Recorder
    misuse(telemetry)
    assert not [message for message in caplog.messages if "sent:" in message or "sent without" in message]
