"""A finished call is recorded as its events would be, whoever calls what, and however often."""

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
names = st.sampled_from([*TOOLS, "later", "a" * 65, ""]) | st.text(max_size=80)
clients = st.sampled_from(["claude-code", "Claude Code", "cursor", "unknown", "http"]) | st.text(max_size=80)
seconds = st.floats() | st.floats(0, 200) | st.integers(-1, 10**9)
errors = st.sampled_from([None, ValueError("hunter2"), KeyboardInterrupt(), type("Customer_alice", (OSError,), {})()])


class Lines:
    """A recorder and the lines it appended."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.counters = Counters()
        self.recorder = Recorder(catalogue_for("test"), self.taken.append, self.counters, SteppedClock())
        self.recorder.register_tools(*TOOLS)

    @property
    def said(self) -> list[dict[str, Any]]:
        """The events without their ids, each of which must be one of its own."""
        lines = [json.loads(line) for line in self.taken]
        ids = {line.pop("u") for line in lines}
        assert len(ids) == len(lines)
        assert all(len(given) == 32 and UUID(given).version == 4 for given in ids)
        return lines


@given(st.lists(st.tuples(names, clients, seconds, errors), max_size=8))
def test_what_is_said_is_what_the_events_say(calls: list[tuple[str, str, float, BaseException | None]]) -> None:
    short, long = Lines(), Lines()
    for tool, client, took, error in calls * 2:
        short.recorder.record_call(tool, client, took, error)
        long.recorder.record(
            ToolExecuted(tool=tool, success=error is None, duration_ms=took * 1000.0, mcp_client=client)
        )
        if error is not None:
            name = "OSError" if isinstance(error, OSError) else type(error).__name__
            long.recorder.record(ToolError(tool=tool, error_type=name))
    assert short.said == long.said
    assert short.counters.dropped == long.counters.dropped


def test_a_tool_that_is_registered_later_is_called_by_its_name_from_then_on() -> None:
    telemetry = capture(Product("test"))
    for _ in range(2):
        telemetry.record_call("later", "cursor", 0.001)
    telemetry.register_tools("later")
    telemetry.record_call("later", "cursor", 0.001)
    assert [call["tool"] for call in telemetry.named("tool_executed")] == ["other", "other", "later"]


def test_names_that_somebody_makes_up_do_not_fill_the_memory() -> None:
    lines = Lines()
    for number in range(5000):
        lines.recorder.record_call(f"tool-{number}", f"client-{number}", 0.001)
    lines.recorder.record_call("x" * 1_000_000, "y" * 1_000_000, 0.001)
    kept: dict[tuple[Any, ...], bytes] = lines.recorder._calls.entries
    assert len(kept) <= 1024
    assert max(len(tool) + len(client) for tool, client, _ in kept) <= 128
    assert all(b'"tool":"other"' in line for line in lines.taken)


def test_nothing_that_is_given_instead_of_a_call_reaches_the_host_or_the_disk() -> None:
    lines = Lines()
    for tool, client, took in ((None, "cursor", 1.0), ("recommend", [], 1.0), ("recommend", "cursor", "hunter2")):
        lines.recorder.record_call(tool, client, took)  # type: ignore[arg-type] # a host without types
    assert lines.taken == []
    assert sum(lines.counters.dropped.values()) == 3
