"""Under attack the collector's memory has a ceiling, and honest senders are acknowledged meanwhile."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.tests.app.http import ask, counter, post
from collector.tests.defence.attack import MIB, Attack, bombs, deep, million_values
from collector.tests.defence.wires import answer, wire
from collector.tests.receive.shapes import batch, event, gzipped
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

NAMES = (
    *("gzip", "deflate", "br", "zstd", "sniffed", "gzip in gzip", "gzip in base64", "gzip in base64 in a form"),
    *("gzip in base64 in gzip", "lz64"),
)
CEILING = 400 * MIB
"""What is resident at rest, the bodies that may wait, the largest one being decoded, and the store's 64 MB."""


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    with start_collector(tmp_path_factory.mktemp("target") / "data", store_memory="64MB") as started:
        yield started


def most_resident(collector: CollectorProcess) -> int:
    """The most that the process ever had, as the kernel kept it, in bytes."""
    status = Path(f"/proc/{collector.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def said(collector: CollectorProcess, request: bytes) -> int:
    with wire(collector, seconds=60) as connection:
        connection.sendall(request)
        return int(answer(connection).split()[1])


@pytest.mark.parametrize("name", NAMES)
def test_a_bomb_is_refused_for_what_it_becomes(target: CollectorProcess, name: str) -> None:
    before = counter(target, "requests_refused", reason="decoded_too_large")
    assert said(target, bombs()[name]) == 413
    assert counter(target, "requests_refused", reason="decoded_too_large") == before + 1


def test_every_bomb_is_tried() -> None:
    assert set(NAMES) == set(bombs())


def test_a_batch_that_shrinks_as_honest_ones_do_is_taken(target: CollectorProcess) -> None:
    alike = batch(*(event() for _ in range(1000)))
    assert post(target, gzipped(alike), content_encoding="gzip").status == 200


def test_what_is_nested_too_deep_is_refused_wherever_it_is(target: CollectorProcess) -> None:
    for levels in (2_000, 100_000):
        for request in deep(levels):
            assert said(target, request) in (200, 400, 401)
    assert post(target, batch(event())).status == 200
    assert counter(target, "requests_refused", reason="malformed_body") >= 6


def test_a_million_values_are_no_batch(target: CollectorProcess) -> None:
    assert said(target, million_values()) == 413


def test_an_oversized_event_or_property_is_left_out_alone(target: CollectorProcess) -> None:
    before = counter(target, "events_accepted")
    assert post(target, batch(event(padding="x" * 1_100_000), event())).status == 200
    assert post(target, batch(event(tool="x" * 10_000), event(extra="x" * 100_000))).status == 200
    assert counter(target, "events_refused", reason="event_too_large") == 1
    assert counter(target, "events_accepted") - before in (2, 3)


@pytest.mark.timeout(300)
def test_under_attack_memory_has_a_ceiling_and_honest_events_are_acknowledged(tmp_path: Path) -> None:
    with start_collector(tmp_path, store_memory="64MB", max_connections=200, body_seconds=3) as collector:
        with Attack(collector.port, threads=3) as attack:
            wait_for(lambda: attack.sent >= 1, "the attack to begin", seconds=60)
            until = time.monotonic() + 10
            honest = []
            while time.monotonic() < until or len(honest) < 3:
                honest.append(post(collector, batch(event(distinct_id="cluster_00000000000000aa"))).status)
        assert set(honest) == {200}
        assert most_resident(collector) < CEILING
        assert ask(collector, "GET", "/healthz").status == 200
        assert counter(collector, "requests_refused") + counter(collector, "connections_cut") > 0
        print(f"{most_resident(collector) / MIB:.0f} MiB at most, {attack.sent} attacks, {len(honest)} honest requests")
