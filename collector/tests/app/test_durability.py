"""Acknowledged events survive; events that can't be stored are never acknowledged."""

import functools
import http.client
import json
import resource
import subprocess
import sys
import threading
import uuid
from pathlib import Path
from typing import Any

from collector.tests.app.http import alarms, ask, counter, journal_lines, post
from collector.tests.receive.shapes import batch, event
from footfall_collector.journal import CLOSED, LIVE
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

KEEP: dict[str, Any] = {"segment_seconds": 3600}


def send_until_it_dies(collector: CollectorProcess, acknowledged: list[str]) -> None:
    """Send batches one after another; note the events of a batch only after its 200."""
    connection = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=30)
    try:
        while True:
            names = [str(uuid.uuid4()) for _ in range(20)]
            connection.request("POST", "/batch/", batch(*(event(uuid=name) for name in names)))
            answer = connection.getresponse()
            if answer.read() == b'{"status":1}' and answer.status == 200:
                acknowledged.extend(names)
    except (OSError, http.client.HTTPException):
        return
    finally:
        connection.close()


def has(acknowledged: list[str], goal: int) -> bool:
    return len(acknowledged) >= goal


def test_a_kill_loses_no_acknowledged_event(tmp_path: Path) -> None:
    acknowledged: list[str] = []
    for round_ in range(3):
        collector = start_collector(tmp_path / "data", **KEEP)
        goal = len(acknowledged) + 400 * (round_ + 1)
        senders = [threading.Thread(target=send_until_it_dies, args=(collector, acknowledged)) for _ in range(4)]
        for sender in senders:
            sender.start()
        wait_for(functools.partial(has, acknowledged, goal), what="some acknowledged batches")
        collector.kill()
        for sender in senders:
            sender.join(30)
        on_disk = {json.loads(line)["uuid"] for line in whole_lines(tmp_path / "data" / "journal")}
        assert set(acknowledged) <= on_disk


def whole_lines(journal: Path) -> list[bytes]:
    segments = [path for path in journal.iterdir() if path.suffix in (LIVE, CLOSED)]
    return [line for path in segments for line in path.read_bytes().splitlines(True) if line.endswith(b"\n")]


def test_a_stop_answers_running_requests_and_exits_with_0(tmp_path: Path) -> None:
    collector = start_collector(tmp_path / "data", **KEEP)
    assert post(collector, batch(event())).status == 200
    assert collector.stop() == 0
    assert "Traceback" not in collector.output


def test_without_room_on_the_disk_the_answer_is_try_again_and_with_room_it_is_yes(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data", **KEEP) as collector:
        assert post(collector, batch(event())).status == 200
        (live,) = (tmp_path / "data" / "journal").glob("*.open")
        before = resource.prlimit(collector.pid, resource.RLIMIT_FSIZE, (live.stat().st_size + 10, -1))
        refused = post(collector, batch(event()))
        assert (refused.status, refused.headers["retry-after"]) == (503, "5")
        assert alarms(collector) == ["journal_failing"]
        assert ask(collector, "GET", "/readyz").status == 503
        resource.prlimit(collector.pid, resource.RLIMIT_FSIZE, before)
        assert post(collector, batch(event())).status == 200
        assert alarms(collector) == []
        assert len(journal_lines(collector.data_dir)) == 2


def test_a_first_key_refused_by_a_full_disk_is_added_once_there_is_room(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data", **KEEP) as collector:
        before = resource.prlimit(collector.pid, resource.RLIMIT_FSIZE, (10, -1))
        for _ in range(2):
            assert post(collector, batch(event())).status == 503, "a 401 would make senders drop their events"
        resource.prlimit(collector.pid, resource.RLIMIT_FSIZE, before)
        assert post(collector, batch(event())).status == 200


def test_a_store_without_room_keeps_nothing_from_being_acknowledged_and_goes_on_once_there_is(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data") as collector:
        assert post(collector, batch(*[event() for _ in range(15)])).status == 200
        wait_for(lambda: counter(collector, "events_stored") == 15, what="the first events")
        # Room for the journal's small files, but not for the store's.
        before = resource.prlimit(collector.pid, resource.RLIMIT_FSIZE, (100_000, -1))
        forget = [sys.executable, "-m", "footfall_collector", "forget", "--data", str(collector.data_dir), "nobody"]
        refused = subprocess.run(forget, capture_output=True, text=True, check=False)
        assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)
        assert post(collector, batch(*[event() for _ in range(15)])).status == 200
        resource.prlimit(collector.pid, resource.RLIMIT_FSIZE, before)
        assert post(collector, batch(*[event() for _ in range(15)])).status == 200
        wait_for(lambda: usage(collector) == [["recommend", 45, 1, 1.0]], what="all events")
        wait_for(lambda: alarms(collector) == [], what="the end of the alarm")
        assert subprocess.run(forget, capture_output=True, check=False).returncode == 0
    assert "Traceback" not in collector.output


def usage(collector: CollectorProcess) -> Any:
    return ask(collector, "GET", "/api/charts/tool-usage").json.get("rows")
