"""After any end of a process, at any rate of recording, every event it accepted is delivered once."""

import os
import random
import signal
from pathlib import Path

import pytest

from client.tests.faults.harness import Host, assert_all_arrived, deliver_rest, dropped
from client.tests.support.server import Server
from tests.support.waiting import wait_for

SOAK = bool(os.environ.get("SOAK"))
KILLS = 100 if SOAK else 20
RATES = ("1", "10", "1000", "0")
"""Events per second; 0 is as fast as possible."""


def record_and_end(rate: str, end: str, state: Path, url: str) -> Host:
    """A host that records at a rate for about 1.5 seconds, and then ends by `end`."""
    count = {"1": 2, "10": 15, "1000": 1500, "0": 6000}[rate]
    return Host(["recorder.py", rate, str(count), end], state, url, SERVE="1")


@pytest.mark.parametrize("end", ["exit", "raise", "os._exit", "close"])
def test_a_host_that_ends_by_itself_loses_nothing(tmp_path: Path, end: str) -> None:
    with Server() as server:
        hosts = [record_and_end(rate, end, tmp_path / rate, server.url) for rate in RATES]
        codes = {host.wait() for host in hosts}
        assert codes == {{"exit": 0, "raise": 1, "os._exit": 3, "close": 0}[end]}
        for rate in RATES:
            deliver_rest(tmp_path / rate, server.url)
            assert dropped(tmp_path / rate) == {}
        assert [host.accepted for host in hosts] == [2, 15, 1500, 6000]
        assert_all_arrived(server, *hosts)
        stops = [e for e in server.accepted.values() if e["event"] == "server_stopped"]
        # os._exit leaves no time for `server_stopped`; the events accepted before it are safe.
        assert len(stops) == (0 if end == "os._exit" else 4)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGHUP])
def test_a_signal_loses_nothing(tmp_path: Path, number: int) -> None:
    with Server() as server:
        hosts = [Host(["recorder.py", rate, "0", "stay"], tmp_path / rate, server.url, SERVE="1") for rate in RATES]
        for rate, host in zip(RATES, hosts, strict=True):
            wait_for(lambda host=host, rate=rate: host.accepted >= {"1": 2, "10": 10}.get(rate, 1000), "some events")
        for host in hosts:
            host.kill(number)
            assert host.process.returncode == -number, host.log
        for rate in RATES:
            deliver_rest(tmp_path / rate, server.url)
            assert dropped(tmp_path / rate) == {}
        assert_all_arrived(server, *hosts)
        stops = [e for e in server.accepted.values() if e["event"] == "server_stopped"]
        assert len(stops) == (4 if number in (signal.SIGTERM, signal.SIGINT) else 0)


@pytest.mark.timeout(900)
def test_kills_at_random_moments_in_a_row_lose_nothing(tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    dice = random.Random(seed)
    state = tmp_path / "state"
    with Server() as server:
        hosts = []
        for _ in range(KILLS):
            # At any moment: while Python starts, at the first event, while a batch is sent, in between.
            host = Host(["recorder.py", dice.choice(RATES), "0", "stay"], state, server.url, SERVE="1")
            hosts.append(host)
            moment = dice.uniform(0.05, 1.2)
            if (
                dice.random() < 0.5
            ):  # counted from the first event, so that also after a slow start there are events to lose
                wait_for(lambda host=host: host.accepted, "the first event", 30)
                moment += host.age
            wait_for(lambda host=host, moment=moment: host.age > moment, "the moment to kill")
            host.kill()
        deliver_rest(state, server.url)
        assert_all_arrived(server, *hosts)
        assert dropped(state) == {}, f"seed {seed}"
        assert sum(host.accepted for host in hosts) > KILLS * 100, "too little was recorded for a proof"
        assert not list((state / "spool").glob("*.seg"))


def test_a_crash_between_storing_and_answering_repeats_a_batch_under_the_same_uuids(tmp_path: Path) -> None:
    def store_and_kill(server: Server, request: object, handler: object) -> None:
        server.accept(request)  # type: ignore[arg-type] # a Request
        host.process.kill()

    with Server(store_and_kill) as server:
        host = Host(["recorder.py", "0", "50", "stay"], tmp_path / "state", server.url)
        host.wait()
        # On a busy machine the first batch is sent before all events are recorded.
        stored = len(server.accepted)
        assert stored > 0
        server.answer = Server().answer
        deliver_rest(tmp_path / "state", server.url)
        assert server.accepted_count == len(server.accepted) + stored
        assert_all_arrived(server, host)
        assert dropped(tmp_path / "state") == {}
