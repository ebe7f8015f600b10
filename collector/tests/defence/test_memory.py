"""Requests that would need much memory are refused: bombs, deep nesting, a million values, oversized events."""

from collections.abc import Iterator

import pytest

from collector.tests.app.http import counter, post
from collector.tests.defence.attack import bombs, deep, million_values
from collector.tests.defence.wires import answer, wire
from collector.tests.receive.shapes import batch, event, gzipped
from tests.support.collector_process import CollectorProcess, start_collector

NAMES = (
    *("gzip", "deflate", "br", "zstd", "sniffed", "gzip in gzip", "gzip in base64", "gzip in base64 in a form"),
    *("gzip in base64 in gzip", "lz64"),
)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    with start_collector(tmp_path_factory.mktemp("target") / "data", store_memory="128MB") as started:
        yield started


def said(collector: CollectorProcess, request: bytes) -> int:
    with wire(collector, seconds=60) as connection:
        connection.sendall(request)
        return int(answer(connection).split()[1])


@pytest.mark.parametrize("name", NAMES)
def test_a_bomb_is_refused_for_its_decoded_size(target: CollectorProcess, name: str) -> None:
    before = counter(target, "requests_refused", reason="decoded_too_large")
    assert said(target, bombs()[name]) == 413
    assert counter(target, "requests_refused", reason="decoded_too_large") == before + 1


def test_every_bomb_is_tried() -> None:
    assert set(NAMES) == set(bombs())


def test_a_well_compressed_honest_batch_is_accepted(target: CollectorProcess) -> None:
    alike = batch(*(event() for _ in range(1000)))
    assert post(target, gzipped(alike), content_encoding="gzip").status == 200


def test_deep_nesting_is_refused_in_every_place(target: CollectorProcess) -> None:
    for levels in (2_000, 100_000):
        for request in deep(levels):
            assert said(target, request) in ((200, 400, 401) if levels < 80_000 else (413,))
    assert post(target, batch(event())).status == 200
    assert counter(target, "requests_refused", reason="malformed_body") >= 6


def test_a_million_values_are_no_batch(target: CollectorProcess) -> None:
    assert said(target, million_values()) == 413


def test_only_the_oversized_event_or_property_is_dropped(target: CollectorProcess) -> None:
    before = counter(target, "events_accepted")
    assert post(target, batch(event(padding="x" * 1_100_000), event())).status == 200
    assert post(target, batch(event(tool="x" * 10_000), event(extra="x" * 100_000))).status == 200
    assert counter(target, "events_refused", reason="event_too_large") == 1
    assert counter(target, "events_accepted") - before in (2, 3)
