"""In preview the log says what is wrong with an event that a host records by hand; the value is never in it."""

from pathlib import Path
from typing import Any

import pytest

from footfall import Product, Telemetry
from footfall.catalogue import ServerStarted, ToolExecuted
from footfall.record.recorder import Recorder

SECRET = "gelemadofax"
PRODUCT = Product("dot-ai", write_key="phc_key", host="http://127.0.0.1:9")


class Odd:
    """No event, and nothing that may be asked for anything."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(SECRET)

    def __mul__(self, by: int) -> Any:
        raise RuntimeError(SECRET)


def telemetry(mode: str, directory: Path) -> Telemetry:
    return Telemetry(PRODUCT, {"DOT_AI_TELEMETRY_STATE_DIR": str(directory), "DOT_AI_TELEMETRY": mode})


def misuse(used: Telemetry) -> None:
    wrong: Any = SECRET
    for _ in range(2):
        used.record(ToolExecuted(tool="recommend", success=wrong, duration_ms=1.0))
        used.record(ToolExecuted(tool="recommend", success=True, duration_ms=-5.5))
        used.record(ToolExecuted(tool=SECRET, success=True, duration_ms=wrong))
        used.record(ServerStarted(k8s_version=wrong, deployment_method=[SECRET]))  # type: ignore[arg-type] # the point
        used.record(wrong)
        used.record(type(SECRET, (), {})())
        used.record_call([SECRET], "cursor", 1.0)
        used.record_call("recommend", "cursor", Odd())
        used.record(Odd())  # type: ignore[arg-type] # as above
    used.close()


def test_each_mistake_is_said_once_without_its_value(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    misuse(telemetry("preview", tmp_path))
    assert caplog.messages == [
        f"dot-ai telemetry: {sentence}"
        for sentence in (
            "not sent: tool_executed.success is no true/false",
            "not sent: tool_executed.duration_ms is no number of milliseconds, 0 or more",
            "sent without server_started.deployment_method: it is no text",
            "not sent: str is no event of the product's catalogue",
            "not sent: object is no event of the product's catalogue",
            "not sent: tool_executed.tool is no text",
            "not sent: Odd is no event of the product's catalogue",
        )
    ]


def test_what_is_right_is_previewed_without_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    used = telemetry("preview", tmp_path)
    used.server_started()
    used.record(ToolExecuted(tool="recommend", success=True, duration_ms=1.0))
    used.record_call("recommend", "cursor", 0.2, LookupError("no"))
    used.close()
    assert caplog.messages == []


def test_where_events_are_sent_mistakes_are_counted_and_nothing_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    used = telemetry("true", tmp_path)
    assert used._pipeline is not None
    assert type(used._pipeline.recorder) is Recorder
    misuse(used)
    assert not [message for message in caplog.messages if "sent:" in message or "sent without" in message]
