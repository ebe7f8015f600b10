"""A segment that is cut at any byte, or has any bit changed, keeps exactly its intact lines.

In every run it is cut around the end of every line and at each byte of the last lines; at every byte of it with SOAK=1.
"""

import bisect
import itertools
import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.tests.receive.shapes import event
from collector.tests.store.fill_store import admitted
from footfall_collector.journal import without_damaged_lines
from footfall_collector.journal.recovery import recover

SIZE = 64 << 10
LIVE, CLOSED = "000000000007.open", "000000000007.jsonl"
MEMORY = Path("/dev/shm")
QUARTERS = 4


def a_segment() -> list[bytes]:
    """Real journal lines, 64 KiB of them, of different lengths."""
    chance = random.Random(20_261_124)
    lines: list[bytes] = []
    while sum(map(len, lines)) < SIZE:
        tool = "t" * chance.randrange(1, 40)
        lines.append(admitted([event(tool=tool, timestamp="2026-11-01T00:00:00Z")], 1_793_491_200, None))
    return lines


LINES = a_segment()
ENDS = list(itertools.accumulate(map(len, LINES)))
WHOLE = b"".join(LINES)
NEAR_AN_END, LAST_LINES = 4, 16
CUTS = [
    cut
    for cut in range(len(WHOLE) + 1)
    if os.environ.get("SOAK") or cut >= ENDS[-LAST_LINES] or any(abs(cut - end) <= NEAR_AN_END for end in (0, *ENDS))
]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where there is one: a sync for each byte of the segment would take minutes on a disk."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else tmp_path) as directory:
        yield Path(directory)


def recovered(journal: Path, content: bytes) -> bytes:
    """The result of recovery on a live segment. Empties the directory afterwards."""
    (journal / LIVE).write_bytes(content)
    recover(journal)
    closed = journal / CLOSED
    kept = closed.read_bytes() if closed.exists() else b""
    for path in journal.iterdir():
        path.unlink()
    return kept


@pytest.mark.parametrize("quarter", range(QUARTERS))
def test_cut_at_any_byte_of_64_kib_exactly_the_whole_lines_before_it_are_kept(journal: Path, quarter: int) -> None:
    assert len(WHOLE) >= SIZE
    for cut in CUTS[quarter::QUARTERS]:
        whole = bisect.bisect_right(ENDS, cut)
        assert recovered(journal, WHOLE[:cut]) == WHOLE[: ENDS[whole - 1] if whole else 0], cut


def flipped(at: int, bit: int) -> bytes:
    return WHOLE[:at] + bytes([WHOLE[at] ^ 1 << bit]) + WHOLE[at + 1 :]


def left_after_a_flip(at: int) -> bytes:
    """All lines except the one that holds the byte; a line feed also belongs to the line that follows it."""
    line = bisect.bisect_right(ENDS, at)
    lost = {line, line + 1} if at == ENDS[line] - 1 else {line}
    return b"".join(text for number, text in enumerate(LINES) if number not in lost)


LINE = len(LINES) // 2
FLIPS = {
    "every bit of a line": [(at, bit) for at in range(ENDS[LINE - 1], ENDS[LINE]) for bit in range(8)],
    "any bit of the segment": [
        (chance.randrange(len(WHOLE)), chance.randrange(8)) for chance in [random.Random(7)] for _ in range(2000)
    ],
}


@pytest.mark.parametrize("flips", FLIPS.values(), ids=list(FLIPS))
def test_a_changed_bit_costs_the_line_it_is_in_and_no_other(journal: Path, flips: list[tuple[int, int]]) -> None:
    for at, bit in flips:
        assert recovered(journal, flipped(at, bit)) == left_after_a_flip(at), (at, bit)


def test_a_bit_that_changes_in_a_closed_segment_costs_that_line_when_it_is_loaded(journal: Path) -> None:
    for at, bit in FLIPS["any bit of the segment"][:300]:
        (journal / CLOSED).write_bytes(flipped(at, bit))
        sound, damaged = without_damaged_lines(journal / CLOSED, journal / "scratch")
        assert sound.read_bytes() == left_after_a_flip(at), (at, bit)
        assert damaged in (1, 2), (at, bit)


def test_cut_and_changed_at_once_what_is_left_whole_before_the_cut_is_kept(journal: Path) -> None:
    chance = random.Random(11)
    for _ in range(1000):
        at, bit = chance.randrange(len(WHOLE)), chance.randrange(8)
        cut = chance.randrange(at, len(WHOLE) + 1)
        kept = recovered(journal, flipped(at, bit)[:cut])
        before = [text for text, end in zip(LINES, ENDS, strict=True) if end <= cut]
        assert set(kept.splitlines(True)) == set(before) & set(left_after_a_flip(at).splitlines(True)), (at, bit, cut)
