"""The small files of the stores: a changed digit, an older version and a pipe are noticed, and the copy counts."""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from footfall_collector.store.clickhouse.load_state import LoadState
from footfall_collector.store.interface import StoreError
from footfall_collector.store.tombstones import TombstoneFile, tombstone_mark

FIRST, SECOND = "0" * 16, "1" * 16


def alter(path: Path, older: bytes) -> None:
    """Another digit, by which the JSON stays readable."""
    del older
    path.write_bytes(path.read_bytes().replace(b"0", b"1", 1))


def roll_back(path: Path, older: bytes) -> None:
    path.write_bytes(older)


def put_a_pipe(path: Path, older: bytes) -> None:
    del older
    path.unlink()
    os.mkfifo(path)


def remove(path: Path, older: bytes) -> None:
    del older
    path.unlink()


HARMS = (alter, roll_back, put_a_pipe, remove)


@pytest.mark.parametrize("harm", HARMS)
def test_forgotten_instances_stay_on_the_list(tmp_path: Path, harm: Callable[[Path, bytes], None]) -> None:
    path = tmp_path / "forgotten.json"
    tombstones = TombstoneFile(path)
    tombstones.add(FIRST)
    older = path.read_bytes()
    tombstones.add(SECOND)
    harm(path, older)
    again = TombstoneFile(path)
    assert set(again.marks) == {tombstone_mark(FIRST), tombstone_mark(SECOND)}
    again.take_back([FIRST])
    assert TombstoneFile(path).marks == (tombstone_mark(SECOND),)


def test_a_version_that_is_newer_than_its_copy_counts_alone(tmp_path: Path) -> None:
    """The process may end between the two."""
    path = tmp_path / "forgotten.json"
    tombstones = TombstoneFile(path)
    tombstones.add(FIRST)
    copy = tmp_path / "copies" / path.name
    before = copy.read_bytes()
    tombstones.take_back([FIRST])
    copy.write_bytes(before)
    assert TombstoneFile(path).marks == ()


def test_a_list_of_an_earlier_release_is_read_and_gets_a_checksum(tmp_path: Path) -> None:
    path = tmp_path / "forgotten.json"
    path.write_bytes(msgspec.json.encode([{"mark": tombstone_mark(FIRST), "pending": False, "deleted": 3}]))
    tombstones = TombstoneFile(path)
    tombstones.add(SECOND)
    assert b'"crc32"' in path.read_bytes()
    assert set(TombstoneFile(path).marks) == {tombstone_mark(FIRST), tombstone_mark(SECOND)}


@pytest.mark.parametrize("harm", HARMS)
def test_the_record_of_loads_is_the_newest_one(tmp_path: Path, harm: Callable[[Path, bytes], None]) -> None:
    state = LoadState(tmp_path, "name")
    path = tmp_path / "clickhouse-name.json"
    older = path.read_bytes()
    number = state.begin({"000000000010.jsonl": 100})
    harm(path, older)
    again = LoadState(tmp_path, "name")
    assert (again.collector, again.newest_load, again.segments) == (state.collector, number, state.segments)


def test_a_damaged_record_without_a_copy_is_refused_and_one_of_an_earlier_release_is_read(tmp_path: Path) -> None:
    path = tmp_path / "clickhouse-name.json"
    path.write_bytes(b'{"collector": 7, "count": 3}')
    assert LoadState(tmp_path, "name").newest_load == (7 << 40) + 3
    path.write_bytes(b'{"collector": 7,')
    with pytest.raises(StoreError, match="restore it from a backup"):
        LoadState(tmp_path, "name")
