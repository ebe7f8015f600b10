"""Before the disk is full, events are refused with 503 and an alarm; both end by themselves once there is room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from client.tests.faults.disk import Disk, disk
from collector.tests.app.http import alarms, ask, gauge, post
from collector.tests.app.test_full_disk import a_batch, total
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

MIB = 1 << 20


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Disk]:
    with disk(tmp_path / "disk", "size=64m") as made:
        yield made


def refused_and_taken_again(collector: CollectorProcess, filler: Path, size: int) -> None:
    assert post(collector, a_batch()).status == 200
    before = total_when_loaded(collector, 1000)
    filler.write_bytes(bytes(size))
    waiting = a_batch()
    wait_for(lambda: post(collector, waiting).status == 503, "a refusal")
    assert post(collector, waiting).headers["retry-after"] == "60"
    assert "disk_quota_reached" in alarms(collector)
    assert gauge(collector, "disk_quota_reached") == 1
    # What was loaded before the first look at the disk has grown the store by then.
    assert gauge(collector, "disk_free_bytes") > MIB // 2, "it refuses before the disk is full"
    assert ask(collector, "GET", "/readyz").status == 200, "charts are still answered"
    taken = total(collector)
    filler.unlink()
    wait_for(lambda: "disk_quota_reached" not in alarms(collector), "the end of the alarm")
    assert post(collector, waiting).status == 200
    # The same batch was sent again and again: its events count once.
    assert before <= taken <= total_when_loaded(collector, 2000) == 2000
    assert collector.output.count("events are refused with 503") == 1
    assert collector.output.count("there is room for events again") == 1


def total_when_loaded(collector: CollectorProcess, count: int) -> int:
    wait_for(lambda: total(collector) >= count, "the events in the charts", 60)
    return total(collector)


def test_a_data_directory_that_reaches_its_quota_refuses_events_and_takes_them_again(small: Disk) -> None:
    with start_collector(small.path / "data", prefix=small.prefix, disk_quota_percent=50) as collector:
        refused_and_taken_again(collector, small.seen / "data" / "a file of somebody", 32 * MIB)


def test_by_default_a_disk_that_something_else_fills_keeps_a_reserve(small: Disk) -> None:
    with start_collector(small.path / "data", prefix=small.prefix) as collector:
        left = int(gauge(collector, "disk_free_bytes"))
        refused_and_taken_again(collector, small.seen / "filler", left - 5 * MIB // 2)
