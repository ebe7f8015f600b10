"""A segment that matches its checksum needs no check of its lines; a changed or unknown one is checked line by line."""

import asyncio
from pathlib import Path

from footfall_collector.journal import Journal, SegmentChecksums, with_checksum, without_damaged_lines
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
