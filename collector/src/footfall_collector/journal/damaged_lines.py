"""Lines whose checksum doesn't fit are left out when a segment is loaded; the rest of the segment counts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..runtime import Status
from .line_checksum import has_valid_checksum, have_valid_checksums
from .segment_checksums import ReadLines, SegmentChecksums

_CHUNK, _MAX_REST = 64 << 10, 1 << 20
"""Of a segment in memory: what fits the processor's cache is checked in half the time of a megabyte at once."""


def without_damaged_lines(segment: Path, scratch: Path, checksums: SegmentChecksums | None = None) -> tuple[Path, int]:
    """The path of a file with the segment's intact lines, and the number of damaged lines.

    The file is the segment itself if all of it is intact, else a copy below `scratch`. If `checksums` knows the segment
    and its checksum fits, no line is checked: checking 50,000 lines keeps the interpreter from requests for 65 ms.
    What was read is added to `checksums.read`. Raises OSError.
    """
    if checksums is not None and checksums.matches(segment):
        checksums.read[segment.name] = None
        return segment, 0
    if intact := _lines_if_all_intact(segment):
        if checksums is not None:
            checksums.read[segment.name] = ReadLines(intact, 0)
        return segment, 0
    content = segment.read_bytes()
    lines = content.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    intact_lines = [line for line in lines if has_valid_checksum(line)]
    if checksums is not None:
        checksums.read[segment.name] = ReadLines(len(intact_lines), len(lines) - len(intact_lines))
    if len(intact_lines) == len(lines):
        return segment, 0
    scratch.mkdir(mode=0o700, exist_ok=True)
    repaired = scratch / segment.name
    repaired.write_bytes(b"".join(line + b"\n" for line in intact_lines))
    return repaired, len(lines) - len(intact_lines)


def _lines_if_all_intact(segment: Path) -> int:
    """The number of a segment's lines where each is intact and ends, else 0. It is read in chunks."""
    count, rest = 0, b""
    with segment.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            # A line that is longer costs a copy with each chunk; it is left to the slower check.
            if len(rest) > _MAX_REST or (lines and not have_valid_checksums(lines)):
                return 0
            count += len(lines)
    return 0 if rest else count


@contextmanager
def intact_segments(
    segments: Sequence[Path], scratch: Path, status: Status, checksums: SegmentChecksums | None = None
) -> Iterator[list[Path]]:
    """The paths of files with the segments' intact lines, in the same order; damaged lines are counted in `status`.

    Copies are deleted at the end. Raises OSError.
    """
    paths: list[Path] = []
    try:
        for segment in segments:
            path, damaged = without_damaged_lines(segment, scratch, checksums)
            paths.append(path)
            if damaged:
                status.increment("journal_lines_damaged", n=damaged)
        yield paths
    finally:
        for path in set(paths) - set(segments):
            path.unlink(missing_ok=True)
