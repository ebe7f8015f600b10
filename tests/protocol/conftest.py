"""One conversation between an SDK and a collector per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.protocol.talk import Talk, talking


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    with talking(tmp_path / "data") as started:
        yield started
