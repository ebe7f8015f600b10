"""The spool: recorded events are on disk, within a bound, and are read even from damaged files."""

import json
import os
import tempfile
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.tests.send.rig import Rig
from client.tests.support.clocks import SteppedClock
from client.tests.support.server import Server, refusing, status
from footfall.send.packer import MAX_EVENT_AGE_SECONDS
from footfall.send.shipper import SCAN_SECONDS
from footfall.spool.segments import SPOOL_BYTES

ODD_LINES = [
    b'{"v":1,"offset":0,"facts":{}}',
    b'{"e":"tool_executed","t":99999999999999,"u":"' + b"a" * 32 + b'","p":{}}',
    b'{"e":"tool_executed","t":-5,"u":"' + b"a" * 32 + b'","p":{"tool":"recommend","success":true,"duration_ms":1}}',
    b'{"e":"tool_executed","t":253402300799,"u":"' + b"b" * 32 + b'","p":{"tool":"x","success":true,"duration_ms":1}}',
    b'{"e":"tool_executed","t":1790000000,"u":"' + b"\xc3\xa9" * 16 + b'","p":{}}',
    b'{"e":"no_such_event","t":1790000000,"u":"' + b"c" * 32 + b'","p":{"query":"secret"}}',
    b"[" * 70_000,
    b"\0" * 500,
    b"\xff\xfe",
    b"",
]


def test_requests_hold_at_most_500_events_and_leave_nothing_behind(tmp_path: Path) -> None:
    with Server() as server:
        rig = Rig(tmp_path, server)
        rig.record(1200)
        assert rig.ship() == float("inf")
        assert [len(r.events) for r in server.requests] == [500, 500, 200]
        assert len(server.accepted) == 1200
        rig.spool.close()
    assert rig.files() == []


def test_events_are_on_disk_before_record_returns_and_the_next_process_delivers_them(tmp_path: Path) -> None:
    killed = Rig(tmp_path, None)
    killed.record(3)
    assert [json.loads(line)["e"] for line in killed.lines()] == ["tool_executed"] * 3
    killed.spool.abandon()  # only closes its files, as the kernel does after a SIGKILL
    with Server() as server:
        assert Rig(tmp_path, server).ship() == float("inf")
        assert len(server.accepted) == 3
    assert [f for f in killed.files() if f.stat().st_size > 2000] == []


def test_the_segment_of_a_living_process_is_not_adopted(tmp_path: Path) -> None:
    with Server() as server:
        living, other = Rig(tmp_path, server), Rig(tmp_path, server)
        living.record(2)
        assert other.ship() == float("inf")
        assert server.accepted == {}
        living.ship()
        assert len(server.accepted) == 2


def test_the_spool_is_bounded_and_drops_the_oldest_first(tmp_path: Path) -> None:
    rig = Rig(tmp_path, None)
    total = 100_000
    rig.record(total)
    assert sum(f.stat().st_size for f in rig.files()) <= SPOOL_BYTES
    dropped = rig.counters.dropped["overflow"]
    kept = len(rig.lines())
    assert dropped + kept == total
    assert dropped > 0


def test_garbage_and_partial_lines_are_counted_and_valid_lines_are_sent(tmp_path: Path) -> None:
    killed = Rig(tmp_path, None)
    killed.record(4)
    path = killed.files()[0]
    lines = path.read_bytes().splitlines(keepends=True)
    lines.insert(2, b"\x00\xff garbage\n")
    lines.insert(4, b'{"e":"tool_executed","t":"soon","u":"x","p":{}}\n')
    path.write_bytes(b"".join(lines) + b'{"e":"tool_execu')
    killed.spool.abandon()
    with Server() as server:
        rig = Rig(tmp_path, server)
        rig.ship()
        assert len(server.accepted) == 4
        assert rig.dropped == {"corrupt": 3}


@pytest.mark.parametrize("boot", ["one boot", "another boot"])
def test_events_older_than_thirty_days_are_dropped_and_counted(tmp_path: Path, boot: str) -> None:
    old = Rig(tmp_path, None)
    old.record(3)
    old.spool.abandon()
    later = SteppedClock(
        old.clock.now() + MAX_EVENT_AGE_SECONDS + 10, boot_id=boot, up=old.clock.up + MAX_EVENT_AGE_SECONDS + 10
    )
    with Server() as server:
        rig = Rig(tmp_path, server, later)
        rig.record(1)
        rig.ship()
        assert len(server.accepted) == 1
        assert rig.dropped == {"expired": 3}


@pytest.mark.parametrize("jump", [-86_400.0, 366 * 86_400.0])
def test_a_wall_clock_set_between_two_processes_loses_nothing_and_moves_no_event(tmp_path: Path, jump: float) -> None:
    before = Rig(tmp_path, None)
    before.record(3)
    before.clock.pass_(120)
    before.spool.abandon()
    with Server() as server:
        rig = Rig(tmp_path, server, before.clock.another_process(wall_clock_set_by=jump))
        rig.ship()
        assert len(server.accepted) == 3
        request = server.requests[0]
        sent = datetime.fromisoformat(json.loads(request.body)["sent_at"])
        ages = {(sent - datetime.fromisoformat(event["timestamp"])).total_seconds() for event in request.events}
        assert ages == {120}
        assert rig.dropped == {}


@pytest.mark.parametrize("jump", [-86_400.0, 366 * 86_400.0])
def test_a_wall_clock_set_during_an_outage_makes_no_wait_longer(tmp_path: Path, jump: float) -> None:
    with Server(status(503)) as server:
        before = Rig(tmp_path, server)
        before.record(1)
        for _ in range(12):
            wait = before.ship()
            before.clock.pass_(wait)
        before.ship()
        before.spool.close()
        server.answer = status(200)
        rig = Rig(tmp_path, server, before.clock.another_process(wall_clock_set_by=jump))
        wait = rig.ship()
        rig.clock.pass_(4300 if wait < float("inf") else 0)
        rig.ship()
        assert len(server.accepted) == 1


def test_a_segment_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    newer = tmp_path / "spool" / "01790000000-0000000000000000.seg"
    newer.parent.mkdir(parents=True)
    newer.write_bytes(b'{"v":3,"offset":1024,"facts":{}}'.ljust(1023) + b"\n" + b'{"z":1}\n')
    with Server() as server:
        Rig(tmp_path, server).ship()
        assert server.requests == []
    assert newer.exists()


def test_a_segment_of_a_newer_version_is_dropped_after_thirty_days_and_counted(
    tmp_path: Path,
) -> None:
    newer = tmp_path / "spool" / "01790000000-0000000000000000.seg"
    newer.parent.mkdir(parents=True)
    newer.write_bytes(b'{"v":3,"offset":1024,"facts":{}}'.ljust(1023) + b"\n" + b'{"z":1}\n' * 3)
    incomplete = newer.with_name(".new-01790000000-1111111111111111")
    incomplete.write_bytes(b"")
    with Server() as server:
        rig = Rig(tmp_path, server)
        for path, days in ((newer, 31), (incomplete, 1)):
            os.utime(path, (rig.clock.now() - days * 86_400,) * 2)
        rig.ship()
        assert server.requests == []
        assert rig.dropped == {"expired": 3}
    assert list(newer.parent.iterdir()) == []


def test_footfall_off_stops_a_running_process_and_deletes_waiting_events(tmp_path: Path) -> None:
    with Server() as server:
        rig = Rig(tmp_path, server)
        rig.record(5)
        (tmp_path / "off").write_text("{}")
        rig.ship()
        (tmp_path / "off").unlink()
        rig.clock.pass_(100)
        assert rig.ship() == float("inf")
        assert server.requests == []


def test_footfall_off_stops_a_process_between_two_requests(tmp_path: Path) -> None:
    with Server() as server:
        rig = Rig(tmp_path, server)
        rig.record(1500)
        assert [rig.shipper.ship_once() for _ in range(2)] == [0, 0]
        (tmp_path / "off").write_text("{}")
        assert rig.ship() == SCAN_SECONDS
        assert len(server.accepted) == 1000
        assert rig.files() == []


def test_a_deleted_directory_is_created_again_and_no_event_is_lost(tmp_path: Path) -> None:
    with Server(status(503)) as server:
        rig = Rig(tmp_path, server)
        rig.record(3)
        for file in rig.files():
            file.unlink()
        (tmp_path / "spool").rmdir()
        rig.ship()
        rig.record(2)
        assert len(rig.files()) == 1
        server.answer = status(200)
        rig.clock.pass_(3600)
        rig.ship()
        assert len(server.accepted) == 5


def test_lines_that_were_being_sent_from_memory_reach_the_disk_once_it_recovers(tmp_path: Path) -> None:
    with Server(status(503)) as server:
        rig = Rig(tmp_path, server)
        (tmp_path / "spool").rmdir()
        (tmp_path / "spool").write_text("in the way")
        rig.record(5)
        wait = rig.ship()
        assert len(server.requests) == 1
        (tmp_path / "spool").unlink()
        rig.clock.pass_(wait)
        rig.ship()
        rig.spool.abandon()  # as a SIGKILL
        server.answer = status(200)
        next_start = Rig(tmp_path, server, rig.clock.another_process())
        next_start.clock.pass_(4300)
        next_start.ship()
        assert len(server.accepted) == 5
        assert next_start.dropped == {}


def test_a_bad_event_that_is_the_last_of_its_file_does_not_block_later_files(tmp_path: Path) -> None:
    with Server() as server:
        first = Rig(tmp_path, server)
        first.record(1)
        hexadecimal = json.loads(first.lines()[0])["u"]
        uuid = "-".join(hexadecimal[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))
        first.spool.abandon()
        server.answer = refusing(400, {uuid})
        second = Rig(tmp_path, server, first.clock.another_process())
        second.record(3)
        second.ship()
        assert len(server.accepted) == 3
        assert second.dropped == {"refused": 1}


def test_lines_that_a_kept_batch_leaves_out_are_counted_once(tmp_path: Path) -> None:
    with Server(status(503)) as server:
        killed = Rig(tmp_path, server)
        killed.record(2)
        with killed.files()[0].open("ab") as file:
            file.write(b"no json\n")
        killed.spool.abandon()
        rig = Rig(tmp_path, server, killed.clock.another_process())
        for _ in range(5):
            rig.clock.pass_(rig.ship())
        assert rig.dropped == {}
        server.answer = status(200)
        rig.clock.pass_(4300)
        rig.ship()
        assert rig.dropped == {"corrupt": 1}
        assert len(server.accepted) == 2


@given(lines=st.lists(st.binary(max_size=80) | st.sampled_from(ODD_LINES), max_size=30))
@settings(deadline=None, max_examples=60)
def test_no_content_of_a_segment_blocks_the_spool(lines: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as directory, Server() as server:
        state = Path(directory)
        killed = Rig(state, None)
        killed.record(1)
        with killed.files()[0].open("ab") as file:
            file.write(b"\n".join(lines) + b"\n")
        killed.record(1)
        killed.spool.abandon()
        rig = Rig(state, server, killed.clock.another_process())
        assert rig.ship() == float("inf")
        assert len(server.accepted) >= 2
        assert {event["event"] for event in server.accepted.values()} <= {"tool_executed"}
        rig.spool.close()
        assert rig.files() == []
