"""What a server's process and its children have used so far, read from /proc."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """The processor time of a process and of those that it started, ended ones included."""
    total = 0
    for each in _family(pid):
        with suppress(OSError):
            fields = Path(f"/proc/{each}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            total += sum(int(value) for value in fields[11:15])
    return total / _TICKS


def most_memory(pid: int) -> float:
    """The sum of the largest resident sizes of a process and its children, in MiB."""
    total = 0
    for each in _family(pid):
        with suppress(OSError, IndexError):
            status = Path(f"/proc/{each}/status").read_text(encoding="ascii")
            total += int(status.split("VmHWM:")[1].split()[0])
    return total / 1024


def _family(pid: int) -> Iterator[int]:
    yield pid
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            for child in (thread / "children").read_text(encoding="ascii").split():
                yield from _family(int(child))
