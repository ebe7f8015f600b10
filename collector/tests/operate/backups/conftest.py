"""Fixtures of the backups' tests."""

import shutil
from pathlib import Path

import pytest

from collector.tests.operate.commands import LEAVER, done, give, some_event
from collector.tests.receive.shapes import event
from tests.support.collector_process import start_collector


@pytest.fixture(scope="package")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup with the pepper, of two events, a key and a token."""
    place = tmp_path_factory.mktemp("good")
    data = place / "data"
    with start_collector(data) as collector:
        give(collector, event(distinct_id=LEAVER), some_event())
        done(data, "tokens", "add", "grafana")
        done(data, "backup", "--include-pepper", str(place / "backup"))
    return place / "backup"


@pytest.fixture
def evil(good: Path, tmp_path: Path) -> Path:
    """A copy of it to change."""
    return Path(shutil.copytree(good, tmp_path / "evil"))
