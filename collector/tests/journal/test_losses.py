"""What the journal lost is counted exactly, at the next start and while it runs; nothing else is."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from footfall_collector.journal import Journal, with_checksum
from footfall_collector.journal.recovery import recover
from footfall_collector.journal.segment_counts import SegmentCount, SegmentCounts
from footfall_collector.runtime.status import Status

ROOT = Path(__file__).parents[3]
SOAK = bool(os.environ.get("SOAK"))
LINES = [with_checksum(b'{"n":%d' % n) for n in range(6)]
STEPS = range(1, 160) if SOAK else range(24, 125, 25)
pytestmark = pytest.mark.timeout(1800 if SOAK else 120)


def test_a_loss_after_a_kill_at_any_step_is_counted_and_nothing_else_is(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "collector.tests.journal.killed_journal", str(tmp_path), *map(str, STEPS)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    results: list[dict[str, Any]] = [json.loads(line) for line in ran.stdout.splitlines()]
    assert {result["removed"] for result in results if "removed" in result} > {"", "journal"}
    wrong = [result for result in results if not is_right(result)]
    assert not wrong, f"{wrong}\n{ran.stderr[-2000:]}"


def is_right(result: dict[str, Any]) -> bool:
    if "ended" in result:
        return bool(result["ended"])
    if "failed" in result or (not result["removed"] and result["lost"]):
        return False
    # One request may be on disk and not acknowledged.
    whole = result["acknowledged"] <= result["stored"] + result["lost"] <= result["acknowledged"] + 2
    return bool(whole and result["lost"] <= result["lines"])


def filled(directory: Path) -> Journal:
    """A running journal whose live segment has three lines."""
    journal = Journal(directory, Status(), segment_seconds=3600)
    journal.start()
    for lines in (LINES[0] + LINES[1], LINES[2]):
        asyncio.run(journal.append(lines))
    return journal


def expected_after(data: Path, change: Callable[[Path], object]) -> dict[int, int]:
    """The lines that each segment of a copy must have, after a SIGKILL and a change; the same at the next start."""
    copy = data.with_name(f"{data.name}-copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(data, copy)
    change(copy)
    recovered = recover(copy / "journal") if (copy / "journal").exists() else None
    if recovered is None:
        Journal(copy / "journal", Status()).start()
    closed = SegmentCounts(copy / "journal").closed()
    recover(copy / "journal")
    assert SegmentCounts(copy / "journal").closed() == closed
    numbers = [int(path.stem) for path in (copy / "journal").glob("*.jsonl")]
    # The number of a segment that lost its lines is never used again.
    assert recovered is None or recovered.next_sequence > max([*closed, *numbers])
    return {number: count.lines for number, count in closed.items()}


def test_the_live_segment_must_have_its_acknowledged_lines(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    journal = filled(data / "journal")
    live = next((data / "journal").glob("*.open")).relative_to(data)
    number = int(live.stem)
    changes: dict[str, Callable[[Path], object]] = {
        "whole": lambda data: None,
        "cut": lambda data: (data / live).write_bytes(LINES[0]),
        "emptied": lambda data: (data / live).write_bytes(b""),
        "removed": lambda data: (data / live).unlink(),
        "the folder removed": lambda data: shutil.rmtree(data / "journal"),
    }
    for name, change in changes.items():
        assert expected_after(data, change) == {number: 3}, name
    journal.close()
    assert expected_after(data, changes["whole"]) == {number: 3}, "closed"


@pytest.mark.parametrize("harm", ["removed", "emptied", "cut", "noise", "directory", "older", "pipe"])
@pytest.mark.parametrize("name", ["journal.counts", "copies/journal.counts"])
def test_a_damaged_file_of_counts_claims_no_loss_and_hides_none(tmp_path: Path, name: str, harm: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    counts = SegmentCounts(data / "journal")
    counts.restart([SegmentCount(1, 50)])
    older = (data / name).read_bytes()
    counts.remove({1})
    counts.add(SegmentCount(7, 6))
    (data / "journal").mkdir()
    (data / "journal" / "000000000008.open").touch()
    counts.begin(8)
    counts.close()
    damage_counts(data / name, harm, older)
    # Segment 7 is gone. A version of one file from before it says nothing of it, and is not believed.
    recover(data / "journal")
    assert counts.closed().keys() == (set() if harm == "older" else {7})


def damage_counts(path: Path, harm: str, older: bytes) -> None:
    content = path.read_bytes()
    if harm in ("removed", "directory", "pipe"):
        path.unlink()
    if harm == "directory":
        path.mkdir()
    elif harm == "pipe":
        os.mkfifo(path)
    elif harm != "removed":
        path.write_bytes({"emptied": b"", "cut": content[:40], "noise": content[:32] + b"#" * 64, "older": older}[harm])


def test_numbers_that_are_older_than_the_segments_claim_no_loss(tmp_path: Path) -> None:
    counts = SegmentCounts(tmp_path / "journal")
    counts.restart([SegmentCount(3, 50), SegmentCount(4, 7, lost=2)])
    counts.begin(5)
    counts.close()
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "000000000009.open").write_bytes(LINES[0])
    recover(tmp_path / "journal")
    assert counts.closed() == {4: SegmentCount(4, 7, lost=2)}


def test_a_journal_of_an_earlier_version_claims_no_loss(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "000000000009.open").write_bytes(LINES[0])
    (tmp_path / "journal" / "live.count").write_bytes(b"x" * 20)
    recovered = recover(tmp_path / "journal")
    assert (recovered.lines, recovered.next_sequence) == (1, 10)
    assert SegmentCounts(tmp_path / "journal").closed() == {}
    assert [path.name for path in (tmp_path / "journal").iterdir()] == ["000000000009.jsonl"]


@pytest.mark.parametrize("removed", ["segment", "folder"])
def test_what_is_removed_while_the_journal_runs_is_written_again(tmp_path: Path, removed: str) -> None:
    journal = filled(tmp_path / "journal")
    (live,) = (tmp_path / "journal").glob("*.open")
    live.unlink() if removed == "segment" else shutil.rmtree(tmp_path / "journal")
    asyncio.run(journal.append(LINES[3]))
    journal.close()
    assert live.with_suffix(".jsonl").read_bytes() == b"".join(LINES[:4])
    assert SegmentCounts(tmp_path / "journal").closed() == {int(live.stem): SegmentCount(int(live.stem), 4)}
