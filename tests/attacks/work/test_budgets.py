"""The budgets of work at a real process: they refuse before the work, they name a time, and they know keys apart."""

import gzip
import json
from pathlib import Path

import pytest

from tests.attacks.harness import (
    KEY,
    assert_unharmed,
    attacked_collector,
    connected,
    counted,
    exchange,
    exchange_once,
    honest_body,
    measure,
    request,
)
from tests.attacks.parties.claims import Party, at_most

PEER, OTHER = "127.0.0.67", "127.0.0.68"
_JUNK = request(b'{"api_key":"phc_nobodys_key","batch":[' + b"0," * 40_000 + b"0]}")


def _gzipped(body: bytes) -> bytes:
    return request(gzip.compress(body), "Content-Encoding: gzip", "Content-Type: application/json")


def _keyed_forms() -> dict[str, bytes]:
    events = json.loads(honest_body())["batch"]
    return {
        "the client's form": request(honest_body()),
        "the same with gzip": _gzipped(honest_body()),
        "version 1": request(
            json.dumps({"batch": events}).encode(), f"Authorization: Bearer {KEY}", path="/i/v1/analytics/events"
        ),
    }


KEYED = _keyed_forms()


@at_most(Party.NETWORK, "without a key: spend the small budget of its address, apart from that of valid keys")
@pytest.mark.parametrize("form", KEYED)
def test_a_sender_with_a_key_passes_while_its_neighbour_is_refused(tmp_path: Path, form: str) -> None:
    """Someone behind the same address, without a key, uses up what a sender with a valid key needs."""
    with attacked_collector(tmp_path, unkeyed_bytes_per_minute=100_000) as collector:
        with connected(collector, PEER) as connection:
            answers = [exchange(connection, _JUNK) for _ in range(4)]
        assert [answer.status for answer in answers[-2:]] == [429, 429], answers
        assert all(answer.retry_after for answer in answers[-2:])
        assert exchange_once(collector, PEER, KEYED[form]).status == 200
        assert exchange_once(collector, OTHER, _JUNK).status != 429
        assert counted(collector, "requests_refused", "unkeyed_work") == 2


@at_most(Party.SENDER, "send until its budget of work is spent, then get 429")
def test_a_valid_key_has_a_budget_as_well(tmp_path: Path) -> None:
    """Whoever reads the public key out of a product sends without end under it."""
    with attacked_collector(tmp_path, peer_bytes_per_minute=20_000) as collector:
        whole = request(honest_body(30))
        statuses = [exchange_once(collector, PEER, whole).status for _ in range(5)]
        assert statuses[0] == 200
        assert statuses[-1] == 429
        assert exchange_once(collector, OTHER, whole).status == 200


@at_most(Party.NETWORK, "without a key: take a small share of the processor")
def test_an_anonymous_sender_takes_little_of_the_processor(tmp_path: Path) -> None:
    """A megabyte a second without a key takes most of the processor for as long as it lasts."""
    with attacked_collector(tmp_path, unkeyed_cpu_seconds_per_minute=0.02) as collector:
        quiet = measure(collector, seconds=2)
        attack = measure(collector, [_JUNK], seconds=4)
    assert_unharmed(quiet, attack)
    assert attack.attacker[429] > 2 * attack.attacker[401], attack
