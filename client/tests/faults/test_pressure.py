"""Recording past every bound drops the oldest events first and counts them, and the caller never waits."""

import signal
from collections import Counter
from pathlib import Path

import psutil
import pytest

from client.tests.faults.harness import Host, deliver_rest, dropped, footfall_status, tools
from client.tests.support.server import Server, status
from footfall.send.shipper import BATCH_EVENTS
from tests.support.waiting import wait_for

SPOOL_BYTES = 10 << 20
SEGMENT_BYTES = 256 << 10
MEMORY_MIB = 16
FLOOD = 100_000
"""The number of events; about 17 MB."""


def spooled(state: Path) -> int:
    return sum(path.stat().st_size for path in (state / "spool").glob("*.seg"))


def sizes_while(hosts: list[Host], state: Path, limit: int) -> None:
    """Wait until the hosts have recorded, and check all the time that the spool stays within its bound."""

    def done() -> bool:
        try:
            assert spooled(state) <= limit
        except FileNotFoundError:
            return False  # dropped between listing and looking
        return all(host.accepted >= FLOOD for host in hosts)

    wait_for(done, "the flood", 60)


def newest(count: int) -> Counter[str]:
    """The tools of the last `count` events of a flood; the last thousand are numbered from 0 again."""
    numbers = [number % 1000 for number in range(FLOOD - (count - 1000), FLOOD)] + list(range(1000))
    return Counter(f"t{number}" for number in numbers)


def test_past_the_bound_the_oldest_events_are_dropped_and_counted_and_the_caller_never_waits(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Server(status(503)) as server:
        with Host(["flood.py", str(FLOOD)], state, server.url) as host:
            sizes_while([host], state, SPOOL_BYTES)
            assert spooled(state) > SPOOL_BYTES - 2 * SEGMENT_BYTES, "the bound was not reached"
            assert float(host.read_after("memory ")) <= MEMORY_MIB
            assert psutil.Process(host.process.pid).num_threads() <= 2
            server.answer = status(200)
            host.say("go on")
            host.wait_for_line("flushed")
            host.kill(signal.SIGTERM)
        deliver_rest(state, server.url)
        lost = dropped(state)
        kept = sum(tools(server).values())
        assert set(lost) == {"overflow"}
        assert footfall_status(state)["dropped"] == lost
        assert kept + lost["overflow"] == host.accepted
        # Left are the last events, and the one segment that was being read.
        assert not newest(kept - SEGMENT_BYTES // 150) - tools(server)


def test_the_bound_holds_for_all_processes_on_a_directory_together(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Server(status(503)) as server:
        hosts = [Host(["flood.py", str(FLOOD)], state, server.url) for _ in range(3)]
        sizes_while(hosts, state, SPOOL_BYTES + 3 * SEGMENT_BYTES)
        for host in hosts:
            host.kill()
        server.answer = status(200)
        (state / "ship.json").unlink(missing_ok=True)
        deliver_rest(state, server.url)
        assert sum(tools(server).values()) > 30_000


def test_without_a_disk_the_memory_is_bounded_as_well(tmp_path: Path) -> None:
    nowhere = tmp_path / "file"
    nowhere.touch()
    with (
        Server(status(503)) as server,
        Host(["flood.py", str(FLOOD)], nowhere / "state", server.url, notes=tmp_path) as host,
    ):
        assert float(host.read_after("memory ")) <= MEMORY_MIB
        server.answer = status(200)
        host.say("go on")
        host.wait_for_line("flushed")
        kept = sum(tools(server).values())
        assert 30_000 < kept < FLOOD
        host.kill(signal.SIGTERM)
    # Left are the last events, and the batch that was being sent.
    assert not newest(kept - BATCH_EVENTS) - tools(server)


@pytest.mark.parametrize("full", [True, False])
def test_a_record_costs_the_caller_microseconds_whether_or_not_the_spool_is_full(tmp_path: Path, full: bool) -> None:
    count = str(FLOOD if full else 1000)
    with Server(status(503)) as server, Host(["flood.py", count], tmp_path / "state", server.url) as host:
        host.wait_for_line("recorded")
        host.say("go on")
        median, nearly_worst = map(float, host.read_after("microseconds ").split())
        # Far above the results of bench/, because other tests run on the same machine.
        assert median < 100
        assert nearly_worst < 20_000
