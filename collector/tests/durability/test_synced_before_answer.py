"""A trace of system calls shows that an event is synced before its 200 is written; without the sync this test fails."""

import os
import shutil
import threading
import uuid
from pathlib import Path

import pytest

from collector.tests.app.http import post
from collector.tests.durability import tracing
from collector.tests.durability.tracing import Order
from collector.tests.receive.shapes import batch, event
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(240)
ROOT = Path(__file__).resolve().parents[3]
SEGMENTS = "collector/src/footfall_collector/journal/segments.py"
PIPELINE = "collector/src/footfall_collector/receive/pipeline.py"
SENDERS, REQUESTS = 4, 15


def send(collector: CollectorProcess, sent: set[str]) -> None:
    """Requests one after another, with one event each, so that a 200 stands for one uuid."""
    for _ in range(REQUESTS):
        name = str(uuid.uuid4())
        assert post(collector, batch(event(uuid=name))).status == 200
        sent.add(name)


def traced(tmp_path: Path, source: Path | None = None) -> Order:
    """The order of calls of a collector that four senders at a time use; `source` is a changed copy of the code."""
    data, output = tmp_path / "data", tmp_path / "trace.txt"
    paths = [str((source or ROOT) / part / "src") for part in ("client", "collector")]
    sent: set[str] = set()
    # Small segments, so that several are begun while requests come.
    with start_collector(
        data,
        env={"PYTHONPATH": os.pathsep.join(paths)},
        prefix=tracing.command(output),
        segment_bytes=4096,
    ) as collector:
        senders = [threading.Thread(target=send, args=(collector, sent)) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(120)
    wait_for(lambda: tracing.ended(output), "the end of the trace")
    order = tracing.order_of(output, data / "journal")
    # The trace is complete: it holds every request, in several segments.
    assert len(sent) == SENDERS * REQUESTS
    assert order.answered == sent
    assert len(order.segments) > 2
    return order


def test_fdatasync_of_the_journal_returns_before_each_200_is_written(tmp_path: Path) -> None:
    assert traced(tmp_path).wrong == []


CUTS = {
    "no fdatasync": (
        SEGMENTS,
        "            os.fdatasync(self._descriptor)\n",
        "            pass\n",
        "was answered before",
    ),
    "no waiting for it": (
        PIPELINE,
        "        pending.on_commit = committed\n",
        "        committed(None)\n",
        "was answered before",
    ),
    "no sync of a new name": (SEGMENTS, "            sync_directory(directory)\n", "", "got lines before its name"),
}
"""For each guard: its file, its source text, the replacement, and the fault that the trace then shows."""


@pytest.mark.parametrize("cut", CUTS.values(), ids=list(CUTS))
def test_without_it_this_very_test_fails(tmp_path: Path, cut: tuple[str, str, str, str]) -> None:
    path, old, new, seen = cut
    for part in ("client", "collector"):
        ignored = shutil.ignore_patterns("__pycache__", "vendor")
        shutil.copytree(ROOT / part / "src", tmp_path / "source" / part / "src", ignore=ignored)
    text = (tmp_path / "source" / path).read_text("utf-8")
    assert text.count(old) == 1, f"{path} does not hold this exactly once: {old}"
    (tmp_path / "source" / path).write_text(text.replace(old, new), "utf-8")
    wrong = traced(tmp_path, tmp_path / "source").wrong
    assert [sentence for sentence in wrong if seen in sentence], wrong
