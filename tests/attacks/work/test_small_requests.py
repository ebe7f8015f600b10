"""Requests of a few bytes, thousands in each read: what the event loop does for each of them is bounded, too."""

from pathlib import Path

from tests.attacks.harness import (
    assert_unharmed,
    attacked_collector,
    counted,
    exchange_once,
    measure,
    request,
)
from tests.attacks.parties.claims import Party, at_most

PEER = "127.0.0.66"


def _many(path: str) -> bytes:
    return request(b"", path=path, method="GET") * 1000


@at_most(Party.NETWORK, "without a key: send thousands of tiny requests at once, of which few are begun")
def test_requests_of_a_few_bytes_without_end_stop_no_one(tmp_path: Path) -> None:
    """A megabyte a second of the smallest requests stalls everyone for many seconds and takes hundreds of megabytes."""
    floods = [_many("/x"), _many("/healthz"), request(b"") * 1000, request(b"", path="/e/?x=1") * 1000]
    with attacked_collector(tmp_path, peer_requests_per_minute=6000) as collector:
        quiet = measure(collector, seconds=1)
        attack = measure(collector, floods, seconds=2, connections=20)
        assert counted(collector, "connections_cut", "pipelined") > 0
    assert_unharmed(quiet, attack)


@at_most(Party.NETWORK, "send twice its requests, have each connection read slowly, and keep out no neighbour")
def test_a_peer_beyond_its_limit_is_read_slowly_and_a_neighbour_behind_it_is_answered(tmp_path: Path) -> None:
    """Requests beyond the limit, health checks too, cost the event loop as much as those within it, without end."""
    with attacked_collector(tmp_path, peer_requests_per_minute=60) as collector:
        probe = request(b"", path="/healthz", method="GET")
        attack = measure(collector, [probe], seconds=1, connections=4, rate=1e9)
        assert 100 < attack.attacker[200] < 240, attack
        assert exchange_once(collector, PEER, probe).status == 200
