"""After a crash every intact line is kept, and a torn one is removed."""

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall_collector.journal import Journal, has_valid_checksum, with_checksum
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
