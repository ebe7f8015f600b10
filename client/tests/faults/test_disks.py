"""Under every fault of the disk the host is not affected, intact lines are kept, and losses are counted by reason.

Real: full disk, no inodes, a limit on the size of files, read-only, permission denied, files deleted, cut, or written
to by others. Injected file layer (programs/recording_host.py): a disk that turns read-only or over quota under an open
file, a slow one, and one without locks.
"""

import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from client.tests.faults.disk import disk
from client.tests.faults.harness import Host, assert_all_arrived, deliver_rest, dropped, footfall_status, tools, total
from client.tests.support.server import Server, status
from tests.support.waiting import wait_for

RATE = ["recorder.py", "1000"]


def delivered(server: Server) -> int:
    return sum(tools(server).values())


def unhurt(host: Host) -> None:
    """The host ended normally, was never blocked, and its log has no error of telemetry."""
    assert "Traceback" not in host.log
    assert "Exception" not in host.log
    assert host.slowest < 0.5


def segments(state: Path) -> list[Path]:
    return sorted((state / "spool").glob("*.seg"))


def lines_on_disk(state: Path) -> int:
    return sum(path.read_bytes().count(b'\n{"e":') for path in segments(state))


def test_a_disk_that_is_full_from_the_start_costs_nothing_while_the_process_lives(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", "size=64k") as full, Server() as server:
        full.fill()
        with full.host([*RATE, "300", "exit"], server, SERVE="1") as host:
            assert host.wait() == 0
        unhurt(host)
        assert_all_arrived(server, host)
        assert "server_stopped" in {e["event"] for e in server.accepted.values()}


def test_a_disk_that_fills_up_in_an_outage_costs_nothing(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", "size=300k") as small, Server(status(503)) as server:
        with small.host(["recorder.py", "0", "4500", "stay"], server) as host:
            host.wait_for_line("recorded")
            assert host.accepted == 4500
            server.answer = status(200)
            wait_for(lambda: delivered(server) == 4500, "all events", 45)
            host.kill(signal.SIGTERM)
        unhurt(host)
        assert_all_arrived(server, host)
        assert dropped(small.seen / "state") == {}


def test_events_in_memory_are_written_soon_after_there_is_room_again(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", "size=2m") as small, Server(status(503)) as server:
        with small.host(["recorder.py", "200", "0", "stay"], server) as host:
            wait_for(lambda: host.accepted > 100, "some events")
            small.fill()
            before = host.accepted
            wait_for(lambda: host.accepted > before + 600, "events that the disk has no room for")
            small.free()
            wait_for(lambda: lines_on_disk(small.seen / "state") > before + 700, "memory to reach the disk", 45)
            count = host.accepted
            wait_for(lambda: lines_on_disk(small.seen / "state") >= count, "the rest", 45)
            host.kill()
        server.answer = status(200)
        (small.seen / "state" / "ship.json").unlink()
        with small.host(["deliver.py"], server) as next_start:
            assert next_start.wait() == 0
        # Events recorded between the count and the kill are on disk too.
        assert_all_arrived(server, host)


def test_without_room_on_disk_and_in_memory_the_oldest_events_are_dropped_and_counted(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", "size=200k") as small, Server(status(503)) as server:
        with small.host(["flood.py", "90000"], server) as host:
            host.wait_for_line("recorded")
            server.answer = status(200)
            host.say("go on")
            host.wait_for_line("flushed")
            host.kill(signal.SIGTERM)
        unhurt(host)
        lost = dropped(small.seen / "state")
        assert set(lost) == {"unwritable"}
        assert lost["unwritable"] > 10_000
        assert delivered(server) + lost["unwritable"] == host.accepted == 91_000


@pytest.mark.parametrize("options", ["size=4m,nr_inodes=12", "size=4m,nr_inodes=7", "size=4m,nr_inodes=3"])
def test_a_disk_without_inodes_costs_nothing(tmp_path: Path, options: str) -> None:
    with disk(tmp_path / "disk", options) as small, Server() as server:
        with small.host(["recorder.py", "0", "6000", "stay"], server) as host:
            # What only memory holds is sent within the bound of the exit, or counted: not what is shown here.
            wait_for(lambda: delivered(server) == 6000, "all events", 60)
            host.end()
        unhurt(host)
        with small.host(["deliver.py"], server) as next_start:
            assert next_start.wait() == 0
        assert_all_arrived(server, host)


def test_a_limit_on_the_size_of_files_costs_nothing(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Server(status(503)) as server:
        limit = ("prlimit", "--fsize=100000")
        with Host(["recorder.py", "0", "6000", "exit"], state, server.url, prefix=limit) as host:
            assert host.wait() == 0
        unhurt(host)
        assert len(segments(state)) > 8
        server.answer = status(200)
        (state / "ship.json").unlink()
        deliver_rest(state, server.url)
        assert_all_arrived(server, host)
        assert dropped(state) == {}


def test_a_read_only_disk_costs_nothing_while_the_process_lives_and_is_reported(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", "size=1m") as readonly, Server() as server:
        readonly.command("mount", "-o", "remount,ro", str(readonly.path))
        with readonly.host([*RATE, "300", "exit"], server) as host:
            assert host.wait() == 0
        unhurt(host)
        assert_all_arrived(server, host)
        told = footfall_status(readonly.path / "state", *readonly.prefix)
        assert "Read-only file system" in told["durability"]


def test_a_directory_of_another_user_costs_nothing_and_is_reported(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    os.chown(state, 12345, 12345)
    powerless = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner")
    with Server() as server:
        with Host([*RATE, "300", "exit"], state, server.url, prefix=powerless, SERVE="1") as host:
            assert host.wait() == 0
        unhurt(host)
        assert_all_arrived(server, host)
    assert list(state.iterdir()) == []
    assert "another user's" in footfall_status(state, *powerless)["durability"]


@pytest.mark.parametrize("error", ["EROFS", "EDQUOT", "EIO", "ENOSPC"])
def test_a_disk_that_fails_under_an_open_file_costs_nothing(tmp_path: Path, error: str) -> None:
    state, fault = tmp_path / "state", tmp_path / "fault"
    with Server(status(503)) as server:
        with Host(
            ["recorder.py", "300", "0", "stay"], state, server.url, INJECT=error, FAULT=str(fault), SERVE="1"
        ) as host:
            wait_for(lambda: host.accepted > 100, "some events")
            fault.touch()
            before = host.accepted
            wait_for(lambda: host.accepted > before + 300, "events while the disk fails")
            fault.unlink()
            wait_for(lambda: host.accepted > before + 600, "events after it")
            host.kill(signal.SIGTERM)
        unhurt(host)
        server.answer = status(200)
        (state / "ship.json").unlink(missing_ok=True)
        deliver_rest(state, server.url)
        assert_all_arrived(server, host)
        assert dropped(state) == {}


def test_a_slow_disk_delays_the_caller_three_times_at_most(tmp_path: Path) -> None:
    state, fault = tmp_path / "state", tmp_path / "fault"
    fault.touch()
    with Server() as server:
        with Host(["flood.py", "20000"], state, server.url, INJECT="SLOW", FAULT=str(fault)) as host:
            seconds = float(host.read_after("seconds "))
            assert seconds < 20_000 * 0.02 / 10
            wait_for(lambda: "memory" in footfall_status(state)["durability"], "status to name it")
            fault.unlink()
            host.say("go on")
            host.wait_for_line("flushed")
            host.kill(signal.SIGTERM)
        deliver_rest(state, server.url)
        assert_all_arrived(server, host)


def test_a_deleted_directory_is_created_again_and_nothing_is_lost(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Server(status(503)) as server:
        with Host(["recorder.py", "300", "0", "stay"], state, server.url) as host:
            wait_for(lambda: server.requests, "a first try")
            shutil.rmtree(state)
            before = host.accepted
            wait_for(lambda: host.accepted > before + 300, "events after it")
            wait_for(lambda: segments(state), "a new spool", 30)
            server.answer = status(200)
            wait_for(lambda: delivered(server) > before + 300, "delivery", 45)
            host.kill(signal.SIGTERM)
        unhurt(host)
        deliver_rest(state, server.url)
        assert dropped(state) == {}
        assert_all_arrived(server, host)
        assert (state.stat().st_mode & 0o777, (state / "spool").stat().st_mode & 0o777) == (0o700, 0o700)


def test_a_file_cut_by_another_program_loses_only_the_cut_events_and_counts_them(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Server(status(503)) as server:
        with Host(["recorder.py", "300", "0", "stay"], state, server.url) as host:
            wait_for(lambda: host.accepted > 200, "some events")
            os.truncate(segments(state)[-1], 0)
            before = host.accepted
            wait_for(lambda: host.accepted > before + 300, "events after it")
            server.answer = status(200)
            wait_for(lambda: delivered(server) > 300, "delivery", 45)
            host.kill(signal.SIGTERM)
        unhurt(host)
        deliver_rest(state, server.url)
        lost = dropped(state)["corrupt"]
        assert 200 <= lost <= before + 1
        assert delivered(server) + lost == host.accepted


@pytest.mark.parametrize("garbage", [b"\0" * 5000, b"no json\n" * 100, b'{"e":"tool_exe', b"\n" * 3000, b"[" * 70_000])
def test_garbage_that_another_program_appends_costs_no_event(tmp_path: Path, garbage: bytes) -> None:
    state = tmp_path / "state"
    with Server(status(503)) as server:
        with Host(["recorder.py", "300", "0", "stay"], state, server.url) as host:
            wait_for(lambda: host.accepted > 100, "some events")
            with segments(state)[-1].open("ab") as file:
                file.write(garbage)
            before = host.accepted
            wait_for(lambda: host.accepted > before + 100, "events after it")
            host.kill()
        server.answer = status(200)
        (state / "ship.json").unlink(missing_ok=True)
        deliver_rest(state, server.url)
        at_least, at_most = total([host])
        # An event written directly after garbage without a line end is part of that line.
        assert sum((at_least - tools(server)).values()) <= (0 if garbage.endswith(b"\n") else 1)
        assert not tools(server) - at_most
        assert set(dropped(state)) <= {"corrupt"}


def test_lines_overwritten_with_garbage_are_counted_and_later_events_delivered(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Server(status(503)) as server:
        with Host(["recorder.py", "0", "500", "stay"], state, server.url) as host:
            host.wait_for_line("recorded")
            with segments(state)[-1].open("r+b") as file:
                file.write(os.urandom(20_000))
            host.kill()
        server.answer = status(200)
        (state / "ship.json").unlink(missing_ok=True)
        deliver_rest(state, server.url)
        assert 350 < delivered(server) < 500
        assert dropped(state)["corrupt"] >= 1


def test_without_working_locks_running_processes_stay_apart_and_old_segments_are_adopted(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Server() as server:
        hosts = [Host(["recorder.py", "200", "0", "stay"], state, server.url, INJECT="NOLOCKS") for _ in range(2)]
        for host in hosts:
            wait_for(lambda host=host: host.accepted > 200, "some events")
        for host in hosts:
            host.kill()
        deliver_rest(state, server.url, INJECT="NOLOCKS")
        left = segments(state)
        assert left, "nobody may take what could still be written"
        for path in left:
            os.utime(path, (1.7e9, 1.7e9))
        deliver_rest(state, server.url, INJECT="NOLOCKS")
        assert_all_arrived(server, *hosts)
        assert segments(state) == []


def test_on_a_network_file_system_lines_reach_the_disk_through_memory_within_an_instant(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Server() as server:
        env: dict[str, Any] = {"INJECT": "NETWORK", "TEST_HOST_TELEMETRY_FLUSH_SECONDS": "60"}
        with Host(["recorder.py", "100", "0", "stay"], state, server.url, **env) as host:
            wait_for(lambda: host.accepted > 300, "some events")
            assert "memory first" in footfall_status(state)["durability"]
            host.kill()
        unhurt(host)
        deliver_rest(state, server.url)
        # At a hundred a second, the last one or two may not be on disk yet, and more on a busy machine.
        assert host.accepted - delivered(server) <= 20
