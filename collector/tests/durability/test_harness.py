"""The harness of the kill test: a test that fails half-way leaves no collector running."""

from pathlib import Path

import pytest

from tests.support.collector_process import CollectorProcess, none_left, start_collector


def fail_half_way(data: Path, left: list[CollectorProcess]) -> None:
    with none_left():
        left.append(start_collector(data))
        raise AssertionError("half-way")


def test_a_collector_that_a_failed_test_left_is_ended_and_others_go_on(tmp_path: Path) -> None:
    left: list[CollectorProcess] = []
    with start_collector(tmp_path / "other") as other:
        with pytest.raises(AssertionError, match="half-way"):
            fail_half_way(tmp_path / "data", left)
        assert left[0].process.poll() is not None
        assert other.process.poll() is None
