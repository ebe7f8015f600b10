"""System calls of a real server: files it touched, whom it connected to, threads and processes it started."""

import re
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.waiting import wait_for

_CALL = re.compile(r"^(?:\d+ +)?(?P<name>\w+)\((?P<rest>.*)$")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_PEER = re.compile(r"sin6?_port=htons\((\d+)\)")
_CHANGING = frozenset(
    {"unlink", "unlinkat", "rename", "renameat", "renameat2", "mkdir", "mkdirat", "rmdir", "link", "linkat", "symlink"}
    | {"symlinkat", "chmod", "fchmodat", "chown", "fchownat", "truncate", "utimensat", "mknod", "mknodat", "creat"}
)
_WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND")
_STARTING = frozenset({"clone", "clone3", "fork", "vfork"})
_FOLLOWING = ("-DDD", "-f", "-q", "-s", "4096")
_WATCHING = ("--seccomp-bpf", "-e", "trace=%file,%network,%process")
_NOT_CHANGED = ("/dev/",)


@dataclass
class Traced:
    """What a process and all its threads asked of the kernel.

    Attributes:
        touched: every path that any call named, whether or not it is there.
        changed: calls that made, wrote, renamed or deleted something, and its path.
        ports: ports that it connected or sent to, over IPv4 or IPv6.
        sockets: internet sockets that it opened.
        started: threads and processes that it started.
    """

    touched: set[str] = field(default_factory=set)
    changed: Counter[tuple[str, str]] = field(default_factory=Counter)
    ports: set[int] = field(default_factory=set)
    sockets: int = 0
    started: int = 0


def command(output: Path) -> list[str]:
    """The prefix of a command that writes its system calls to a file."""
    strace = shutil.which("strace")
    assert strace is not None, "strace is missing: `make strace` installs it"
    # All threads; whole paths. Only the calls of interest stop the process, so that it stays fast. The process stays
    # a child of its starter, in the same group, so that signals reach it and not the tracer.
    return [strace, *_FOLLOWING, *_WATCHING, "-o", str(output)]


def read(output: Path) -> Traced:
    """What a trace says, once the process it is of has ended."""
    first = output.read_text("utf-8", "replace").split(maxsplit=1)[0]
    wait_for(lambda: re.search(rf"^{first} +\+\+\+ ", output.read_text("utf-8", "replace"), re.MULTILINE), "its end")
    traced = Traced()
    for line in output.read_text("utf-8", "replace").splitlines():
        match = _CALL.match(line)
        if match is not None:
            _note(traced, match["name"], match["rest"])
    return traced


def _note(traced: Traced, name: str, rest: str) -> None:
    if name in _STARTING:
        traced.started += 1
    elif name == "socket":
        traced.sockets += rest.startswith("AF_INET")
    elif name in ("connect", "sendto", "sendmsg", "sendmmsg"):
        traced.ports |= {int(port) for port in _PEER.findall(rest)}
    else:
        _note_file(traced, name, rest)


def _note_file(traced: Traced, name: str, rest: str) -> None:
    paths = [path for path in _TEXT.findall(rest) if path.startswith("/")]
    traced.touched.update(paths[:2] if name != "execve" else paths[:1])
    writes = name in _CHANGING or (name in ("open", "openat", "openat2") and _WRITING.search(rest) is not None)
    if writes and paths and not paths[0].startswith(_NOT_CHANGED) and " = -1 " not in rest:
        traced.changed[name, paths[0]] += 1
