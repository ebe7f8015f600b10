"""A collector that keeps its journal in the live segment, so that tests can read what is on disk."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.collector_process import CollectorProcess, start_collector

KEEP: dict[str, Any] = {"segment_seconds": 3600}


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[CollectorProcess]:
    with start_collector(tmp_path / "data", **KEEP) as started:
        yield started


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """One for all tests of a module that only ask."""
    with start_collector(tmp_path_factory.mktemp("shared") / "data", **KEEP) as started:
        yield started
