"""A loader that is behind rolls up and checkpoints less often."""

from collections import Counter
from pathlib import Path

import pytest

from collector.tests.receive.shapes import event
from collector.tests.store.fill_store import admitted, journal, journal_dir, loader_of, open_store
from footfall_collector.store import loader as loading
from tests.oracle.fleet import stamp

NOVEMBER = 1_793_491_200  # 2026-11-01T00:00:00Z


@pytest.mark.parametrize(("behind_bytes", "roll_ups"), [(1, 4), (1 << 20, 1)])
def test_while_more_segments_wait_a_checkpoint_is_due_after_more_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behind_bytes: int, roll_ups: int
) -> None:
    monkeypatch.setattr(loading, "GROUP_BYTES", 1)
    monkeypatch.setattr(loading, "CHECKPOINT_BYTES", 1)
    monkeypatch.setattr(loading, "BEHIND_CHECKPOINT_BYTES", behind_bytes)
    for number in range(4):
        # Of two days and two months, which one roll-up adds together.
        events = [event(timestamp=stamp(NOVEMBER - 50 + 100 * number)) for _ in range(number + 1)]
        journal(tmp_path, [admitted(events, NOVEMBER + 1000, None)])
    steps: list[str] = []
    store = open_store(tmp_path, on_step=steps.append)
    assert loader_of(tmp_path, store).run_once() == 10
    found = Counter(steps)
    assert (found["begin"], found["roll up"], found["checkpointed"]) == (4, roll_ups, roll_ups)
    assert list(journal_dir(tmp_path).glob("*.jsonl")) == []
    assert store.rollup_and_raw_counts() == {"dot-ai": (10, 10)}
    store.close()
