"""`record_call` makes the same lines as `record`, for every tool, client and outcome, and for repeated calls."""

import json
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from client.tests.support.clocks import SteppedClock
from footfall import Product
from footfall.catalogue import ToolError, ToolExecuted, catalogue_for
from footfall.record.recorder import Recorder
from footfall.runtime.counters import Counters
from footfall.testing import capture

TOOLS = ("recommend", "remediate")
tools = st.sampled_from([*TOOLS, "later", "a" * 65, ""]) | st.text(max_size=80)
clients = st.sampled_from(["claude-code", "Claude Code", "cursor", "unknown", "http"]) | st.text(max_size=80)
seconds = st.floats() | st.floats(0, 200) | st.integers(-1, 10**9)
errors = st.sampled_from([None, ValueError("hunter2"), KeyboardInterrupt(), type("Customer_alice", (OSError,), {})()])


class Name(str):
    """Equal to a name that is admitted, and not admitted itself."""

    __slots__ = ()


odd: st.SearchStrategy[Any] = st.sampled_from(
    [None, 0, 1, True, "1", b"recommend", Name("recommend"), Name("cursor"), [], 10**400]
)


class RecordedLines:
    """A recorder and the lines that it appended; every event is checked anew, or as it comes."""

    def __init__(self, *, anew: bool = False) -> None:
        self.lines: list[bytes] = []
        self.counters = Counters()
        self.recorder = Recorder(catalogue_for("test"), self.lines.append, self.counters, SteppedClock())
        self.recorder.register_tools(*TOOLS)
        if anew:
            self.recorder._calls.of_event = lambda call: None  # type: ignore[method-assign] # nothing is kept

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events without their uuids, which must be unique and of version 4."""
        events = [json.loads(line) for line in self.lines]
        uuids = {event.pop("u") for event in events}
        assert len(uuids) == len(events)
        assert all(len(uuid) == 32 and UUID(uuid).version == 4 for uuid in uuids)
        return events


@given(st.lists(st.tuples(tools, clients, seconds, errors), max_size=8))
def test_a_call_makes_the_same_events_as_recording_them_one_by_one(
    calls: list[tuple[str, str, float, BaseException | None]],
) -> None:
    precomputed, plain = RecordedLines(), RecordedLines(anew=True)
    for tool, client, duration, error in calls * 2:
        precomputed.recorder.record_call(tool, client, duration, error)
        plain.recorder.record(
            ToolExecuted(tool=tool, success=error is None, duration_ms=duration * 1000.0, mcp_client=client)
        )
        if error is not None:
            name = "OSError" if isinstance(error, OSError) else type(error).__name__
            plain.recorder.record(ToolError(tool=tool, error_type=name))
    assert precomputed.events == plain.events
    assert precomputed.counters.dropped == plain.counters.dropped


@given(st.lists(st.tuples(tools | odd, st.booleans() | odd, seconds | odd, clients | odd), max_size=8))
def test_an_event_is_recorded_as_if_no_equal_one_was_checked_before(calls: list[tuple[Any, Any, Any, Any]]) -> None:
    kept, anew = RecordedLines(), RecordedLines(anew=True)
    for tool, success, duration, client in calls * 2:
        event = ToolExecuted(tool=tool, success=success, duration_ms=duration, mcp_client=client)
        assert kept.recorder.record(event) == anew.recorder.record(event)
    assert kept.events == anew.events
    assert kept.counters.dropped == anew.counters.dropped


def test_a_tool_that_is_registered_later_is_recorded_by_name_from_then_on() -> None:
    telemetry = capture(Product("test"))
    for _ in range(2):
        telemetry.record_call("later", "cursor", 0.001)
    telemetry.register_tools("later")
    telemetry.record_call("later", "cursor", 0.001)
    assert [call["tool"] for call in telemetry.named("tool_executed")] == ["other", "other", "later"]


def test_made_up_names_do_not_fill_the_memory() -> None:
    recorded = RecordedLines()
    for number in range(5000):
        recorded.recorder.record_call(f"tool-{number}", f"client-{number}", 0.001)
    recorded.recorder.record_call("x" * 1_000_000, "y" * 1_000_000, 0.001)
    for entries in (recorded.recorder._calls.entries, recorded.recorder._calls._others):
        assert len(entries) <= 1024
        assert all(len(tool) <= 128 and len(client) <= 128 for tool, client, _ in entries)
    assert all(b'"tool":"other"' in line for line in recorded.lines)


def test_arguments_of_wrong_types_raise_nothing_and_are_dropped() -> None:
    recorded = RecordedLines()
    for tool, client, duration in ((None, "cursor", 1.0), ("recommend", [], 1.0), ("recommend", "cursor", "hunter2")):
        recorded.recorder.record_call(tool, client, duration)  # type: ignore[arg-type] # a host without types
    assert recorded.lines == []
    assert sum(recorded.counters.dropped.values()) == 3
