"""Rows of a month's file are in the order of their times, but for those of a load's last hour."""

from pathlib import Path

from collector.tests.receive.shapes import event
from collector.tests.store.fill_store import admitted, journal, loader_of, open_store
from tests.oracle.fleet import stamp

NOVEMBER = 1_793_491_200  # 2026-11-01T00:00:00Z
HOUR = 3600


def test_late_events_of_a_load_are_stored_in_the_order_of_their_times(tmp_path: Path) -> None:
    recent = [NOVEMBER + 20 * HOUR - n * 60 for n in (5, 0, 59, 60, 7)]
    late = [NOVEMBER + n * HOUR for n in (9, 2, 18, 1, 2)]
    moments = [moment for pair in zip(recent, late, strict=True) for moment in pair]
    events = [event(timestamp=stamp(moment)) for moment in moments]
    journal(tmp_path, [admitted(events, NOVEMBER + 21 * HOUR, None)])
    store = open_store(tmp_path)
    assert loader_of(tmp_path, store).run_once() == len(events)
    stored = [ts for (ts,) in store.files.writer.execute("SELECT ts FROM m202611.events ORDER BY rowid").fetchall()]
    assert stored == [*sorted(late), *recent]
    store.close()
