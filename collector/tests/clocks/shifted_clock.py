"""A real process whose wall clock a test sets: a small library, preloaded into it, adds the seconds in a file."""

import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

DAY = 86_400
YEARS_2 = 2 * 365 * DAY
_SOURCE = Path(__file__).with_name("clock_shift.c")


@dataclass
class ShiftedClock:
    """The clock of the processes that run with `env`."""

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.set(0)
        library = self.folder / "clock_shift.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(_SOURCE), "-ldl"], check=True)
        self.env = {"LD_PRELOAD": str(library), "CLOCK_SHIFT": str(self.folder / "shift")}

    def set(self, seconds: int) -> None:
        """Let the clock differ from the right one by some seconds from now on."""
        with open(self.folder / "shift", "r+b" if (self.folder / "shift").exists() else "w+b") as file:
            file.write(struct.pack("q", seconds))
