"""Lines whose checksum doesn't fit are left out when a segment is loaded; the rest of the segment counts."""

from pathlib import Path

from .line_checksum import has_valid_checksum
from .segment_checksums import SegmentChecksums


def without_damaged_lines(segment: Path, scratch: Path, checksums: SegmentChecksums | None = None) -> tuple[Path, int]:
    """The path of a file with the segment's intact lines, and the number of damaged lines.

    The file is the segment itself if all of it is intact, else a copy below `scratch`. If `checksums` knows the segment
    and its checksum fits, no line is checked: checking 50,000 lines keeps the interpreter from requests for 65 ms.
    Raises OSError.
    """
    if checksums is not None and checksums.matches(segment):
        return segment, 0
    content = segment.read_bytes()
    lines = content.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    intact_lines = [line for line in lines if has_valid_checksum(line)]
    if len(intact_lines) == len(lines):
        return segment, 0
    scratch.mkdir(mode=0o700, exist_ok=True)
    repaired = scratch / segment.name
    repaired.write_bytes(b"".join(line + b"\n" for line in intact_lines))
    return repaired, len(lines) - len(intact_lines)
