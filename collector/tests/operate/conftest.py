"""Fixtures of the operator's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.collector_process import start_collector


@pytest.fixture(scope="module")
def shared_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data directory of a running collector."""
    data = tmp_path_factory.mktemp("shared") / "data"
    with start_collector(data):
        yield data
