"""Inspects a running process: threads, connections, open files, modules, compiled code."""

import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.waiting import wait_for

_INSIDE = Path(__file__).parent / "inside"


@dataclass(frozen=True)
class Observed:
    """A process at one moment, as the kernel and its own interpreter see it.

    Attributes:
        threads: names, without numbers; a pool's workers count as one.
        unknown_threads: how many the kernel knows and the interpreter does not.
        connected: ports of others that it is connected to, without those who are connected to it.
        files: regular files that it holds open.
        modules: top-level and dotted names of imported modules.
        loaded: names of mapped compiled libraries.
    """

    threads: frozenset[str]
    unknown_threads: int
    connected: frozenset[int]
    files: frozenset[str]
    modules: frozenset[str]
    loaded: frozenset[str]

    def imported(self, package: str) -> set[str]:
        """The modules of a package that are imported."""
        return {name for name in self.modules if name == package or name.startswith(f"{package}.")}


def observable(scratch: Path) -> dict[str, str]:
    """Environment variables that make a Python process observable; its reports go to `scratch`."""
    return {"PYTHONPATH": str(_INSIDE), "SAID_INSIDE": str(scratch / "said-inside.json")}


def observe(pid: int, scratch: Path) -> Observed:
    """Inspect a process that was started with the variables of `observable`."""
    said = scratch / "said-inside.json"
    said.unlink(missing_ok=True)
    os.kill(pid, signal.SIGUSR1)
    wait_for(said.exists, "the process to say what is inside")
    inside = json.loads(said.read_text())
    process = psutil.Process(pid)
    sockets = process.net_connections("inet")
    serving = {s.laddr.port for s in sockets if s.status == psutil.CONN_LISTEN}
    return Observed(
        frozenset(inside["threads"]),
        process.num_threads() - inside["known"],
        frozenset(s.raddr.port for s in sockets if s.raddr and s.laddr.port not in serving),
        frozenset(file.path for file in process.open_files()),
        frozenset(inside["modules"]),
        frozenset(os.path.basename(m.path) for m in process.memory_maps() if ".so" in m.path),
    )


def tree(directory: Path) -> dict[str, tuple[int, int]]:
    """Every path below a directory with its size and its time of change in nanoseconds."""
    found = {}
    for path in sorted(directory.rglob("*")):
        stat = path.lstat()
        found[str(path.relative_to(directory))] = (stat.st_size, stat.st_mtime_ns)
    return found
