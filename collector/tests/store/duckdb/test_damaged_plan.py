"""A plan of an exchange that can't be read: the fresh files are complete, and take their places."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.tests.store.duckdb.test_deletion import (
    BUSIEST,
    BY_EVENT,
    EVENTS,
    EVERYTHING,
    STORED_INSTANCE,
    check,
    filled,
)
from collector.tests.store.fill_store import open_store


class EndedError(Exception):
    """The process ends here."""


def end(name: str) -> None:
    if name == "decided":
        raise EndedError


def become_a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def name_another_file(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"events-2026-1", b"events-2026-0"))


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of which a deletion was decided when the process ended."""
    data = tmp_path_factory.mktemp("decided") / "data"
    filled(data).close()
    store = open_store(data, on_step=end)
    with pytest.raises(EndedError):
        store.forget(STORED_INSTANCE)
    store.files.close()
    return data


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\xff" * 40),
        lambda path: path.write_bytes(path.read_bytes()[:30]),
        name_another_file,
        become_a_directory,
    ],
    ids=["empty", "garbage", "cut", "altered", "directory"],
)
def test_a_damaged_plan_is_carried_out_and_named(
    decided: Path, tmp_path: Path, damage: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    data = tmp_path / "data"
    shutil.copytree(decided, data)
    plan = data / "store" / "exchange.json"
    damage(plan)
    store = open_store(data)
    assert f"{plan} is damaged" in caplog.text
    assert not plan.exists()
    assert not list(plan.parent.glob("*.new"))
    assert dict(store.query(BY_EVENT, EVERYTHING))
    check(store, [event for event in EVENTS if event.instance != BUSIEST])
    store.close()
