"""The number of acknowledged lines of the live segment, in a file next to it.

Without it, nothing shows how many lines a segment had that is gone, or cut at the end of a line. The number is written
after the lines are synced and never synced itself: after a SIGKILL it is exact, after a power failure it may be too
low or of an earlier segment, and so it never counts a loss that was none.
"""

import contextlib
import os
import struct
from pathlib import Path

from isal.isal_zlib import crc32

FILE = "live.count"
_NUMBERS = struct.Struct("<QQ")
_WHOLE = struct.Struct("<QQI")


class LiveCount:
    """The file of one journal directory. No error: where it can't be written, a loss stays uncounted."""

    def __init__(self, directory: Path) -> None:
        self._descriptor = -1
        with contextlib.suppress(OSError):
            self._descriptor = os.open(directory / FILE, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def write(self, sequence: int, lines: int) -> None:
        """Record the live segment's number and its acknowledged lines."""
        numbers = _NUMBERS.pack(sequence, lines)
        with contextlib.suppress(OSError):
            os.pwrite(self._descriptor, numbers + crc32(numbers).to_bytes(4, "little"), 0)

    def close(self) -> None:
        """Safe to call twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def read_live_count(directory: Path) -> tuple[int, int]:
    """The last live segment's number and its acknowledged lines; (0, 0) where they are not known."""
    try:
        sequence, lines, checksum = _WHOLE.unpack((directory / FILE).read_bytes())
    except (OSError, struct.error):
        return 0, 0
    return (sequence, lines) if crc32(_NUMBERS.pack(sequence, lines)) == checksum else (0, 0)
