"""What this machine takes for a few things that have nothing to do with the project: two runs' figures compare by them.

python -m bench.yardsticks      prints them
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

ROUNDS = 15
LINE = b"x" * 152 + b"\n"
"""As long as a line of the client's spool."""
_BATCH = zlib.compress(msgspec.json.encode([{"name": f"event {number}", "n": number} for number in range(500)]), 6)
"""Some 17 kB of JSON, as a batch of 100 events is."""


class Yardsticks(NamedTuple):
    """Medians: microseconds of one `write`, milliseconds of one `fdatasync`, milliseconds of `python -c pass`, and
    microseconds to unpack and parse a batch of 100 events, which is what the bare application does."""

    write_us: float
    fdatasync_ms: float
    python_ms: float
    batch_us: float

    def sentence(self) -> str:
        """For the head of a section."""
        return (
            f"Of this machine: one `write` {self.write_us:.1f} µs, one `fdatasync` {self.fdatasync_ms:.2f} ms, "
            f"`python -c pass` {self.python_ms:.0f} ms, to unpack and parse a batch {self.batch_us:.0f} µs."
        )


def measured(directory: Path) -> Yardsticks:
    """The yardsticks, in about two seconds. Files are made in `directory`: the disk that is measured is its disk."""
    with tempfile.TemporaryFile(dir=directory) as file:
        number = file.fileno()

        def write_and_sync() -> None:
            os.write(number, LINE)
            os.fdatasync(number)

        return Yardsticks(
            _median(lambda: os.write(number, LINE), 100) * 1e6,
            _median(write_and_sync, 10) * 1e3,
            _median(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), 1) * 1e3,
            _median(lambda: msgspec.json.decode(zlib.decompress(_BATCH)), 5) * 1e6,
        )


def _median(work: Callable[[], object], times: int) -> float:
    """The median of some rounds: the seconds of one call, of many in a round."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(times):
            work()
        rounds.append((time.perf_counter() - began) / times)
    return statistics.median(rounds)


if __name__ == "__main__":
    print(measured(Path.cwd()).sentence())
