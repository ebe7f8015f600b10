"""After a crash every intact line is kept, and a torn one is removed."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall_collector.journal import Journal, has_valid_checksum, with_checksum
from footfall_collector.journal.live_count import LiveCount
from footfall_collector.journal.recovery import recover
from footfall_collector.runtime.status import Status

LINES = [with_checksum(b'{"n":%d,"text":"%s"' % (n, b"x" * n)) for n in range(6)]
WHOLE = b"".join(LINES)
LIVE = "000000000007.open"
CLOSED = "000000000007.jsonl"


def test_the_checksum_finds_a_cut_or_changed_line() -> None:
    line = LINES[3].rstrip(b"\n")
    assert has_valid_checksum(line)
    assert not any(has_valid_checksum(line[:cut]) for cut in range(len(line)))
    assert not any(has_valid_checksum(line[:at] + b"~" + line[at + 1 :]) for at in range(len(line)))


@given(st.binary(max_size=80))
def test_random_bytes_are_not_a_valid_line(noise: bytes) -> None:
    assert not has_valid_checksum(noise)


@pytest.mark.parametrize("cut", range(len(WHOLE) + 1))
def test_lines_before_a_cut_at_any_byte_are_kept(tmp_path: Path, cut: int) -> None:
    (tmp_path / LIVE).write_bytes(WHOLE[:cut])
    recovered = recover(tmp_path)
    whole = [line for n, line in enumerate(LINES) if sum(map(len, LINES[: n + 1])) <= cut]
    kept = (tmp_path / CLOSED).read_bytes() if (tmp_path / CLOSED).exists() else b""
    assert kept == b"".join(whole)
    assert recovered.lines == len(whole)
    assert recovered.cut_bytes == cut - len(kept)
    # Without a whole line the segment's number was never used, so it is free.
    assert recovered.next_sequence == (8 if whole else 7)


def test_only_the_damaged_line_is_lost(tmp_path: Path) -> None:
    damaged = LINES[0] + LINES[1].replace(b'"n"', b'"m"') + b"\x00" * 40 + b"\n" + LINES[2]
    (tmp_path / LIVE).write_bytes(damaged)
    assert recover(tmp_path).lines == 2
    assert (tmp_path / CLOSED).read_bytes() == LINES[0] + LINES[2]
    assert [path.name for path in tmp_path.iterdir()] == [CLOSED]


def test_closed_segments_are_unchanged_and_their_numbers_are_not_used_again(tmp_path: Path) -> None:
    (tmp_path / CLOSED).write_bytes(WHOLE)
    assert recover(tmp_path).next_sequence == 8
    assert (tmp_path / CLOSED).read_bytes() == WHOLE


def test_numbers_are_not_used_again_after_the_loader_has_deleted_everything(tmp_path: Path) -> None:
    """The store knows loaded segments by number, so the events of a reused number would be lost."""
    numbers = []
    for _ in range(3):
        journal = Journal(tmp_path, Status())
        journal.start()
        asyncio.run(journal.append(LINES[0]))
        journal.close()
        (closed,) = tmp_path.glob("*.jsonl")
        numbers.append(int(closed.stem))
        os.unlink(closed)
    assert numbers == sorted(set(numbers))
    (live,) = tmp_path.glob("*.open")
    assert int(live.stem) > numbers[-1]


def damaged_copy(directory: Path, content: bytes | None, name: str) -> Path:
    """A copy of a journal as a SIGKILL leaves it, whose live segment has another content, or is gone."""
    copy = directory.parent / name
    shutil.copytree(directory, copy)
    (live,) = copy.glob("*.open")
    if content is None:
        live.unlink()
    else:
        live.write_bytes(content)
    return copy


def test_lines_of_a_live_segment_that_was_removed_or_cut_are_counted(tmp_path: Path) -> None:
    directory = tmp_path / "journal"
    journal = Journal(directory, Status(), segment_seconds=3600)
    journal.start()
    for lines in (LINES[0] + LINES[1], LINES[2]):
        asyncio.run(journal.append(lines))
    cases = {
        "whole": (b"".join(LINES[:3]), 0),
        "not acknowledged": (b"".join(LINES[:4]), 0),
        "cut": (b"".join(LINES[:2]), 1),
        "empty": (b"", 3),
        "removed": (None, 3),
        "damaged": (LINES[0] + b"#" + LINES[1], 1),
    }
    copies = {name: damaged_copy(directory, content, name) for name, (content, _) in cases.items()}
    journal.close()
    for name, (_, lost) in cases.items():
        number = max(int(path.stem) for path in directory.glob("*.jsonl"))
        assert recover(copies[name]).lost == lost, name
        # The number of the segment is never used again, except for an empty one.
        assert recover(copies[name]).next_sequence >= number, name
    # After a clean stop, and once it is loaded and deleted, nothing is lost.
    (closed,) = directory.glob("*.jsonl")
    assert recover(directory).lost == 0
    closed.unlink()
    assert recover(directory).lost == 0


@pytest.mark.parametrize("content", [b"", b"\xff" * 20, b"x" * 5000, bytes(20)])
def test_a_damaged_count_claims_no_loss(tmp_path: Path, content: bytes) -> None:
    (tmp_path / LIVE).write_bytes(WHOLE)
    (tmp_path / "live.count").write_bytes(content)
    recovered = recover(tmp_path)
    assert (recovered.lines, recovered.lost, recovered.next_sequence) == (len(LINES), 0, 8)


def test_the_count_of_an_earlier_segment_claims_no_loss(tmp_path: Path) -> None:
    LiveCount(tmp_path).write(6, 50)
    (tmp_path / LIVE).write_bytes(LINES[0])
    assert recover(tmp_path).lost == 0
