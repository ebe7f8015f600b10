"""Long commands show their progress."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.tests.operate.commands import STAYER, begun
from collector.tests.receive.shapes import event
from collector.tests.store.fill_store import PEPPER, admitted, journal, loader_of, open_store
from footfall_collector.operate import Retention, StoreOperations, TrustedTime
from footfall_collector.runtime import ControlSocket, Settings, Status

DAY = "2026-11-20T00:00:00Z"
RECEIVED = 1_795_132_800


@pytest.fixture
def let_work_finish(tmp_path: Path) -> Iterator[threading.Event]:
    """A store behind a control socket, whose work waits before its last step until the event is set."""
    let_go = threading.Event()

    def step(name: str) -> None:
        if name == "fresh rollups":
            assert let_go.wait(60)

    journal(tmp_path, [admitted([event(distinct_id=STAYER, timestamp=DAY)], RECEIVED, None)])
    store = open_store(tmp_path, on_step=step)
    loader = loader_of(tmp_path, store)
    loader.run_once()
    settings = Settings(data=tmp_path)
    retention = Retention(store, settings, TrustedTime(tmp_path, store.months.newest_event), Status())
    control = ControlSocket(tmp_path, StoreOperations(store, loader, settings, PEPPER, retention).commands())
    control.start()
    yield let_go
    let_go.set()
    control.stop()
    store.close()


@pytest.mark.parametrize(
    ("words", "says", "ends"),
    [
        (("rebuild",), "counting all raw events", "all raw events counted again"),
        (("forget", STAYER), "rewriting the months", "1 event deleted"),
    ],
)
def test_a_long_command_shows_how_long_it_has_taken(
    tmp_path: Path, let_work_finish: threading.Event, words: tuple[str, ...], says: str, ends: str
) -> None:
    with begun(tmp_path, *words) as command:
        assert command.stderr is not None
        assert says in command.stderr.readline()
        assert " s so far" in command.stderr.readline()
        let_work_finish.set()
        said, complained = command.communicate(timeout=60)
    assert command.returncode == 0, complained
    assert said.startswith(ends)
