"""Fixtures of the collector's tests."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.tests.receive.shapes import TOKEN
from footfall_collector.receive import WriteKeys
from tests.support.collector_process import CollectorProcess, none_left, start_collector

RECORDED = Path(__file__).parents[2] / "tests" / "data" / "dot-ai-batch.json"
KEEP: dict[str, Any] = {"segment_seconds": 3600}
"""The journal stays in the live segment, so that tests can read what is on disk."""


@pytest.fixture(autouse=True)
def no_collector_left() -> Iterator[None]:
    """A test that fails half-way leaves no collector running."""
    with none_left():
        yield


@pytest.fixture
def recorded_body() -> dict[str, Any]:
    """The body of the request that was recorded from the TypeScript client of dot-ai."""
    body: dict[str, Any] = json.loads(RECORDED.read_text("utf-8"))["body"]
    return body


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[CollectorProcess]:
    with start_collector(tmp_path / "data", **KEEP) as started:
        yield started


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """One for all tests of a module that only ask. It knows the key, which no page and no GET may add."""
    data = tmp_path_factory.mktemp("shared")
    WriteKeys(data).add("dot-ai", TOKEN)
    with start_collector(data, **KEEP) as started:
        yield started
