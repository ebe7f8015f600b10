"""Large bodies: decoded outside of the process that acknowledges, under limits, and accepted whole or not at all."""

import gzip
import json
import os
import signal
from contextlib import ExitStack
from pathlib import Path

import psutil

from tests.attacks.harness import (
    KEY,
    assert_unharmed,
    attacked_collector,
    connected,
    counted,
    exchange_once,
    honest_body,
    honest_event,
    measure,
    request,
)
from tests.attacks.parties.claims import Party, at_most
from tests.support.collector_process import CollectorProcess
from tests.support.waiting import wait_for

PEER, OTHER = "127.0.0.67", "127.0.0.68"
_EVENTS = 3000


def _packed(body: bytes, path: str = "/batch/", *headers: str) -> bytes:
    return request(gzip.compress(body), "Content-Encoding: gzip", "Content-Type: application/json", *headers, path=path)


_LARGE = honest_body(_EVENTS)
_VERSION_1 = json.dumps({"batch": [honest_event() for _ in range(_EVENTS)]}).encode()
_NOT_OURS = _LARGE.replace(KEY.encode(), b"phc_nobodys_key")


def _worker(collector: CollectorProcess) -> psutil.Process:
    children: list[psutil.Process] = psutil.Process(collector.pid).children()
    assert len(children) == 1, children
    return children[0]


@at_most(Party.SENDER, "send large batches in any encoding, each of which counts once")
def test_a_large_batch_is_accepted_in_every_form_and_counted_once(tmp_path: Path) -> None:
    """What bounds a body's work refuses, loses or doubles a large batch of a sender with a valid key."""
    with attacked_collector(tmp_path, peer_events_per_minute=0) as collector:
        before = counted(collector, "events_accepted")
        answers = [
            exchange_once(collector, PEER, request(_LARGE)),
            exchange_once(collector, PEER, _packed(_LARGE)),
            exchange_once(
                collector, PEER, _packed(_VERSION_1, "/i/v1/analytics/events", f"Authorization: Bearer {KEY}")
            ),
        ]
        assert [answer.status for answer in answers] == [200] * 3
        assert counted(collector, "events_accepted") == before + 3 * _EVENTS
        # The first two are the same events.
        wait_for(lambda: counted(collector, "events_stored") == before + 2 * _EVENTS, "the store", 60)


@at_most(Party.SENDER, "have a few events of thousands of properties read in a request")
def test_of_a_large_batch_of_wide_events_only_the_first_are_read(tmp_path: Path) -> None:
    """Each slice of a large body has the allowance of a whole one, so that the event loop reads every property."""
    wide = honest_event(**{f"$sdk{n}": n for n in range(230)})
    body = json.dumps({"api_key": KEY, "batch": [wide] * 300}).encode()
    with attacked_collector(tmp_path) as collector:
        before = counted(collector, "events_accepted")
        assert exchange_once(collector, PEER, _packed(body)).status == 200
        assert counted(collector, "events_accepted") - before < 120


@at_most(Party.NETWORK, "without a key: send large bodies, which start no process")
def test_a_large_body_without_a_key_starts_nothing_again_and_again(tmp_path: Path) -> None:
    """Each large body under an unknown key costs the start of a process, or is decoded to its end."""
    with attacked_collector(tmp_path) as collector:
        assert exchange_once(collector, PEER, _packed(_NOT_OURS)).status == 401
        worker = _worker(collector)
        for _ in range(3):
            assert exchange_once(collector, PEER, _packed(_NOT_OURS)).status in (401, 429)
        assert _worker(collector).pid == worker.pid
        assert exchange_once(collector, OTHER, _packed(_LARGE)).status == 200


@at_most(Party.SENDER, "kill the process that decodes large bodies, and lose the answer to one request")
def test_the_worker_s_death_costs_one_answer_at_most(tmp_path: Path) -> None:
    """The kernel ends the worker, for want of memory, and every large batch is refused from then on."""
    with attacked_collector(tmp_path, peer_events_per_minute=0) as collector:
        assert exchange_once(collector, OTHER, _packed(_LARGE)).status == 200
        worker = _worker(collector)
        os.kill(worker.pid, signal.SIGKILL)
        wait_for(lambda: worker.status() == psutil.STATUS_ZOMBIE, "its end")
        assert exchange_once(collector, OTHER, _packed(_LARGE)).status == 200
        worker = _worker(collector)
        assert collector.kill() == -signal.SIGKILL
        wait_for(lambda: not worker.is_running(), "the end of the worker after that of the collector")


@at_most(Party.SENDER, "send large batches at a megabyte a second, and make nobody wait for long")
def test_many_large_batches_of_one_peer_stop_no_one(tmp_path: Path) -> None:
    """Whoever has the public key sends large batches at a megabyte a second, and everyone waits for each of them."""
    with attacked_collector(tmp_path, peer_events_per_minute=0) as collector:
        quiet = measure(collector, seconds=2)
        attack = measure(collector, [_packed(_LARGE)], seconds=4, connections=30)
    assert_unharmed(quiet, attack)
    assert attack.attacker[200], attack


@at_most(Party.SENDER, "spend its own budget of work, and get 429 for the rest")
def test_a_peer_in_debt_is_refused_when_its_turn_comes(tmp_path: Path) -> None:
    """A peer sends a hundred large bodies at once, before the first of them is charged, and all are decoded."""
    with attacked_collector(tmp_path, unkeyed_cpu_seconds_per_minute=0.02) as collector:
        attack = measure(collector, [_packed(_NOT_OURS)], seconds=2, connections=30, count=30)
    assert attack.attacker[401] < 15, attack
    assert attack.attacker[429] > 15, attack
    assert set(attack.retry_afters) == {True}


@at_most(Party.NETWORK, "without a key: hold back bodies, and leave as much of their memory to others")
def test_a_peer_that_holds_back_bodies_leaves_memory_to_others(tmp_path: Path) -> None:
    """One peer holds back as much as all unanswered bodies may take, and other senders get 503."""
    part, probe = b"x" * (500 << 10), request(b"x" * (400 << 10))
    with attacked_collector(tmp_path, max_waiting_bytes=4 << 20) as collector, ExitStack() as held:
        for _ in range(8):
            connection = held.enter_context(connected(collector, PEER))
            connection.sendall(request(part)[:-1])
        wait_for(lambda: exchange_once(collector, PEER, probe).status == 503, "a refusal of the one that holds them")
        assert exchange_once(collector, OTHER, request(_LARGE)).status == 200
    assert len(_LARGE) > len(part), "it comes in several reads, too"
