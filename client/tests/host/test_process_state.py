"""State that belongs to the whole process, and so to the host, is the same with telemetry as without it."""

from pathlib import Path

from client.tests.faults.harness import Host
from client.tests.support.server import Server, status
from tests.support.waiting import wait_for


def test_a_host_that_seeds_its_random_numbers_gets_those_it_expects(tmp_path: Path) -> None:
    with Server(status(503)) as server, Host(["random_numbers.py"], tmp_path / "state", server.url) as host:
        host.wait_for_line("ready")
        # The wait after a failure has a random part.
        wait_for(lambda: server.requests, "a batch that fails")
        host.say("")
        assert host.read_after("numbers ") == "equal"
        assert host.wait() == 0
