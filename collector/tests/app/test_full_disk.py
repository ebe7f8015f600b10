"""On a full disk the collector sends no false 200 and raises an alarm, and it recovers by itself once there is room.

There is no quota here, which would refuse events before the disk is full (`test_disk_quota.py`).
"""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from client.tests.faults.disk import Disk, disk
from collector.tests.app.http import alarms, ask, gauge, post
from collector.tests.receive.shapes import batch, event
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(240)
FILLER = 24 << 20


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Disk]:
    with disk(tmp_path / "disk", "size=40m") as made:
        (made.seen / "filler").write_bytes(bytes(FILLER))
        yield made


def a_batch() -> bytes:
    return batch(*[event(uuid=str(uuid.uuid4())) for _ in range(1000)])


def total(collector: CollectorProcess) -> int:
    rows: list[list[Any]] = ask(collector, "GET", "/api/charts/tool-usage?range=90d").json.get("rows", [])
    return sum(row[1] for row in rows)


def send_until_refused(collector: CollectorProcess) -> tuple[int, bytes]:
    """How many batches were acknowledged, and the first one that was not."""
    for acknowledged in range(200):
        body = a_batch()
        answer = post(collector, body)
        if answer.status != 200:
            assert (answer.status, answer.headers["retry-after"]) == (503, "5")
            return acknowledged, body
        assert json.loads(answer.body) == {"status": 1}
    raise AssertionError("the disk never got full")


def test_a_disk_that_the_journal_fills_refuses_alarms_and_recovers_without_a_request(small: Disk) -> None:
    with start_collector(small.path / "data", prefix=small.prefix, disk_quota_percent=0) as collector:
        acknowledged, refused = send_until_refused(collector)
        assert acknowledged > 3
        assert "journal_failing" in alarms(collector)
        assert ask(collector, "GET", "/readyz").status == 503
        small.fill()
        assert post(collector, refused).status == 503
        assert "journal_failing" in alarms(collector)
        # A load balancer that heeds /readyz sends nothing now: the alarm has to end without a request.
        small.free()
        wait_for(lambda: alarms(collector) == [], "the alarms to end", 90)
        assert ask(collector, "GET", "/readyz").status == 200
        assert post(collector, refused).status == 200
        wait_for(lambda: total(collector) == (acknowledged + 1) * 1000, "every acknowledged event, once", 60)
        assert "can be written again" in collector.output
        assert "Traceback" not in collector.output


def test_before_the_disk_is_full_there_is_an_alarm_and_it_ends_once_there_is_room(small: Disk) -> None:
    with start_collector(
        small.path / "data", prefix=small.prefix, disk_alarm_percent=25, disk_quota_percent=0
    ) as collector:
        assert alarms(collector) == []
        left = gauge(collector, "disk_free_bytes") - 0.2 * gauge(collector, "disk_size_bytes")
        (small.seen / "more").write_bytes(bytes(int(left)))
        assert alarms(collector) == ["disk_low"]
        assert gauge(collector, "disk_low") == 1
        assert ask(collector, "GET", "/readyz").status == 200
        assert post(collector, a_batch()).status == 200, "it warns before anything is refused"
        (small.seen / "more").unlink()
        assert alarms(collector) == []
        assert gauge(collector, "disk_low") == 0
        wait_for(lambda: total(collector) == 1000, "the batch", 60)
        assert collector.output.count("MiB are free, under 25 % (disk_alarm_percent): make room") == 1


def test_killed_on_a_full_disk_the_next_start_has_every_acknowledged_event_once(small: Disk) -> None:
    collector = start_collector(small.path / "data", prefix=small.prefix, disk_quota_percent=0)
    acknowledged, refused = send_until_refused(collector)
    small.fill()
    collector.kill()
    small.free()
    with start_collector(small.path / "data", prefix=small.prefix, disk_quota_percent=0) as again:
        wait_for(lambda: total(again) == acknowledged * 1000, "every acknowledged event, once", 60)
        assert post(again, refused).status == 200
        wait_for(lambda: total(again) == (acknowledged + 1) * 1000, "the one that was refused", 60)
