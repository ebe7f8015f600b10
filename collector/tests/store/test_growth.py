"""What a sender can make the store grow by: some hundred bytes an event, all of which the disk quota counts."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.tests.store.fill_store import PEPPER, journal, loader_of
from footfall_collector.admit import Admission
from footfall_collector.receive import DiskQuota, RefusedError, disk_space, folder_bytes
from footfall_collector.runtime import Settings
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle import own_product

CATALOGUES = {own_product.PRODUCT: own_product.catalogue()}
RECEIVED = 1_795_534_217
SENT = "2026-11-24T15:30:00Z"
EVENTS = 10_000
MAX_BYTES = 1000
"""Of one event with values that no other one has, in its month and in every roll-up; 395 were measured."""


def invented(number: int) -> dict[str, Any]:
    """An event whose instance, versions, class of errors and numbers no other one has."""
    version = f"{number // 10_000}.{number // 100 % 100}.{number % 100}"
    own = {"trigger": "hand", "complete": True, "engine_version": version, "error_type": f"Error{number}"}
    numbers = {"size_mb": 1.0 + number, "seconds": 1.0 + number, "backup_tool_version": version}
    return {
        "event": "backup_finished",
        "uuid": str(uuid.UUID(int=number)),
        "distinct_id": f"local_{number:016x}",
        "timestamp": SENT,
        "properties": {**own, **numbers},
    }


def requests() -> Iterator[bytes]:
    admission = Admission(CATALOGUES, PEPPER)
    for first in range(0, EVENTS, 1000):
        events = [msgspec.Raw(msgspec.json.encode(invented(number))) for number in range(first, first + 1000)]
        result = admission.admit(own_product.PRODUCT, events, float(RECEIVED), None)
        assert result.refused == {}
        yield result.lines


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckStore]:
    opened = DuckStore(tmp_path, CATALOGUES, memory_limit="512MB", threads=2)
    yield opened
    opened.close()


def rows(store: DuckStore, table: str) -> int:
    return int(store.files.writer.execute(f"SELECT count(*) FROM rollups.{table}").fetchall()[0][0])


def test_every_invented_value_in_every_roll_up_counts_against_the_quota(tmp_path: Path, store: DuckStore) -> None:
    loader = loader_of(tmp_path, store)
    loader.checkpoint()
    empty = folder_bytes(tmp_path)
    journal(tmp_path, requests())
    loader.run_once()
    loader.checkpoint()
    assert rows(store, "facts_backup_finished") == EVENTS, "the facts of an event keep each of its values"
    assert rows(store, "numbers_backup_finished__seconds") == EVENTS, "and so do its numbers"
    grown = folder_bytes(tmp_path) - empty
    assert grown < EVENTS * MAX_BYTES, "each table grows by one row for an event at most"

    without_rollups = folder_bytes(tmp_path) - (tmp_path / "store" / "rollups.duckdb").stat().st_size
    percent = 100 * (without_rollups + EVENTS) / disk_space(tmp_path)[1]
    with pytest.raises(RefusedError, match="disk_quota"):
        DiskQuota(Settings(data=tmp_path, disk_quota_percent=percent)).check()
