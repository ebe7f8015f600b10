"""A segment that matches its checksum needs no check of its lines; a changed or unknown one is checked line by line."""

import asyncio
from pathlib import Path

import pytest

from footfall_collector.journal import Journal, SegmentChecksums, with_checksum, without_damaged_lines
from footfall_collector.journal.segment_checksums import ReadLines
from footfall_collector.runtime.status import Status

LINES = [with_checksum(b'{"n":%d' % n) for n in range(50)]


def closed_by(directory: Path) -> tuple[Journal, Path]:
    """A journal that has written the lines in several commits, and its one closed segment."""
    journal = Journal(directory, Status(), segment_seconds=3600)
    journal.start()

    async def write() -> None:
        for line in LINES:
            await journal.append(line)

    asyncio.run(write())
    journal.close()
    [segment] = directory.glob("*.jsonl")
    return journal, segment


def test_the_checksum_of_all_commits_is_that_of_the_file(tmp_path: Path) -> None:
    journal, segment = closed_by(tmp_path)
    assert segment.read_bytes() == b"".join(LINES)
    assert journal.checksums.matches(segment)
    assert without_damaged_lines(segment, tmp_path / "scratch", journal.checksums) == (segment, 0)


def test_a_changed_segment_is_checked_line_by_line(tmp_path: Path) -> None:
    journal, segment = closed_by(tmp_path)
    whole = bytearray(segment.read_bytes())
    whole[len(LINES[0]) + 3] ^= 1
    segment.write_bytes(whole)
    assert not journal.checksums.matches(segment)
    sound, damaged = without_damaged_lines(segment, tmp_path / "scratch", journal.checksums)
    assert (damaged, sound.read_bytes()) == (1, LINES[0] + b"".join(LINES[2:]))


def test_a_segment_with_added_or_cut_lines_does_not_match(tmp_path: Path) -> None:
    journal, segment = closed_by(tmp_path)
    whole = segment.read_bytes()
    for other in (whole + LINES[0], whole[: -len(LINES[-1])]):
        segment.write_bytes(other)
        assert not journal.checksums.matches(segment)


def test_a_segment_of_another_process_does_not_match(tmp_path: Path) -> None:
    _, segment = closed_by(tmp_path)
    assert not SegmentChecksums().matches(segment)


def test_the_number_of_checksums_is_limited_and_the_oldest_go_first(tmp_path: Path) -> None:
    _, segment = closed_by(tmp_path)
    checksums = SegmentChecksums()
    checksums.add(segment.name, 1, 1)
    for n in range(4096):
        checksums.add(str(n), 1, 1)
    assert len(checksums._known) == 4096
    assert segment.name not in checksums._known


MANY = [with_checksum(b'{"n":%d,"text":"%b"' % (n, b"x" * 300)) for n in range(500)]
"""More than is checked at once."""
LONG = with_checksum(b'{"text":"%b"' % (b"x" * (3 << 20)))


@pytest.mark.parametrize(
    ("content", "intact", "damaged"),
    [
        (b"".join(MANY), 500, 0),
        (b"".join(MANY)[:-1], 500, 0),
        (b"".join(MANY)[:-2], 499, 1),
        (b"".join([*MANY[:300], MANY[300].replace(b"x", b"y", 1), *MANY[301:]]), 499, 1),
        (b"".join([*MANY, b"\n"]), 500, 1),
        (b"".join([b"\n", *MANY]), 500, 1),
        (b"".join([*MANY[:9], MANY[9][-17:], *MANY[9:]]), 500, 1),
        (b"".join([*MANY, LONG, *MANY]), 1001, 0),
        (b"", 0, 0),
    ],
    ids=["whole", "no newline", "cut", "changed", "empty at the end", "empty first", "checksum alone", "long", "empty"],
)
def test_the_lines_of_an_unknown_segment_are_checked(tmp_path: Path, content: bytes, intact: int, damaged: int) -> None:
    segment, checksums = tmp_path / "000000000001.jsonl", SegmentChecksums()
    segment.write_bytes(content)
    sound, found = without_damaged_lines(segment, tmp_path / "scratch", checksums)
    assert (found, checksums.read) == (damaged, {segment.name: ReadLines(intact, damaged)})
    assert sound.read_bytes().count(b"\n") >= intact - (not content.endswith(b"\n"))
