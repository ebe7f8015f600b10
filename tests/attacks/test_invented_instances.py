"""Invented instances: what a sender with a few addresses keeps from honest ones behind other addresses."""

import json
from itertools import count
from pathlib import Path

from tests.attacks.harness import (
    KEY,
    MAX_RESIDENT,
    attacked_collector,
    exchange_once,
    honest_event,
    request,
    resident,
    wait_until_stored,
)
from tests.attacks.parties.claims import Party, at_most
from tests.support.collector_process import CollectorProcess

ALLOWANCE = 400
NEWCOMERS = 60
_numbers = count(1)


def _send(collector: CollectorProcess, address: str, instances: int = 1) -> int:
    """The status of one request with events of so far unknown instances."""
    events = [honest_event() | {"distinct_id": f"cluster_{next(_numbers):016x}"} for _ in range(instances)]
    return exchange_once(collector, address, request(json.dumps({"api_key": KEY, "batch": events}).encode())).status


@at_most(Party.SENDER, "use up its own address's part of the new instances an hour")
def test_one_address_keeps_no_newcomer_out(tmp_path: Path) -> None:
    """One address spends the product's allowance of new instances within seconds, and honest newcomers get 429."""
    with attacked_collector(tmp_path, new_instances_per_hour=ALLOWANCE) as collector:
        invented = [_send(collector, "127.0.0.66") for _ in range(2 * ALLOWANCE)]
        assert invented.count(200) <= ALLOWANCE // 2 + 1
        assert {_send(collector, f"127.0.1.{n}") for n in range(NEWCOMERS)} == {200}, "newcomers with their own address"
        assert [_send(collector, "127.0.2.1") for n in range(NEWCOMERS)] == [200] * NEWCOMERS, "a fleet behind one"
        wait_until_stored(collector)
        assert resident(collector) <= MAX_RESIDENT


@at_most(Party.SENDER, "with several addresses: use up their parts, while newcomers from elsewhere come in")
def test_a_few_addresses_keep_no_newcomer_out(tmp_path: Path) -> None:
    """Several addresses together spend all of it, and honest newcomers get 429."""
    with attacked_collector(tmp_path, new_instances_per_hour=ALLOWANCE) as collector:
        spent = [_send(collector, f"127.0.0.{60 + n % 8}") for n in range(2 * ALLOWANCE)].count(200)
        assert ALLOWANCE // 2 < spent < ALLOWANCE
        assert {_send(collector, f"127.0.1.{n}") for n in range(NEWCOMERS)} == {200}


@at_most(Party.SENDER, "bring in as many new instances by large batches as by single events")
def test_batches_of_many_instances_spend_no_more(tmp_path: Path) -> None:
    """A batch with an instance in each event brings in more instances than the address may bring."""
    with attacked_collector(tmp_path, new_instances_per_hour=ALLOWANCE) as collector:
        statuses = [_send(collector, "127.0.0.66", 50) for _ in range(20)]
        assert statuses.count(200) <= ALLOWANCE // 2 // 50
        assert [_send(collector, "127.0.2.1", 20) for _ in range(3)] == [200] * 3
