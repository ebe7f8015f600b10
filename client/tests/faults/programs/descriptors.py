"""Records, closes every descriptor but the first three, opens files and sockets of its own, and records again.

python descriptors.py HOW DIRECTORY

HOW: cover (files and sockets cover all numbers that were open), replace (dup2 over each number that was open), crowd
(no number is left, until a line on the input), nothing (only close), daemon (cover, in the second of two forks).
AT_ONCE=1 does not flush before the descriptors are closed; WAIT=1 waits for a line before it closes them, else they are
closed while the sender sleeps: nothing can prove a number in the moment of its use, or while Python imports a module.

At the end it prints what became of its own files, sockets and descriptors.
"""

import json
import os
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from recording_host import TOOLS, telemetry

from footfall import Telemetry
from footfall.catalogue import ToolExecuted
from footfall.runtime import wakeup

EACH = 50
SLEEP_WITHIN_SECONDS = 20.0
"""A sender that is busy for longer never sleeps."""
HEADER = b"HOST-HEADER"


class Possessions:
    """The files and sockets of the host: each number with the device and inode that it had when it was opened."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self.opened: dict[int, tuple[int, int]] = {}
        self._files: dict[int, str] = {}
        self._peers: list[socket.socket] = []
        self._sockets: list[int] = []

    def _add(self, number: int) -> None:
        status = os.fstat(number)
        self.opened[number] = status.st_dev, status.st_ino

    def file(self) -> int:
        path = os.path.join(self._directory, f"host-{len(self._files)}")
        number = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        os.write(number, HEADER)
        self._files[number] = path
        self._add(number)
        return number

    def socket(self) -> int:
        ours, peer = socket.socketpair()
        peer.setblocking(False)
        self._add(peer.fileno())
        self._peers.append(peer)
        number = ours.detach()
        self._sockets.append(number)
        self._add(number)
        return number

    def duplicate(self, number: int, onto: int) -> None:
        os.dup2(number, onto)
        self._add(onto)

    def fate(self) -> dict[str, int]:
        """How many files have other bytes, sockets have traffic, and numbers stand for something else."""
        return {
            "changed files": sum(Path(path).read_bytes() != HEADER for path in self._files.values()),
            "peers with data": sum(map(_has_data, self._peers)),
            "lost descriptors": sum(not self._is_open(number) for number in self.opened),
        }

    def close(self) -> None:
        """Close the ends of the sockets that only the host has."""
        for peer in self._peers:
            peer.close()

    def _is_open(self, number: int) -> bool:
        try:
            status = os.fstat(number)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self.opened[number]


def _has_data(peer: socket.socket) -> bool:
    try:
        peer.recv(1)
    except BlockingIOError:
        return False
    return True


def numbers() -> list[int]:
    """The open descriptors, without the first three."""
    return [number for number in map(int, os.listdir("/proc/self/fd")) if number > 2]


def take(how: str, possessions: Possessions, before: list[int]) -> list[int]:
    """Close all descriptors and open others; those to close again at a line on the input."""
    os.closerange(3, 65536)
    if how == "replace":
        file, stream = possessions.file(), possessions.socket()
        for index, number in enumerate(before):
            if number not in possessions.opened:
                possessions.duplicate(stream if index % 2 else file, number)
    if how in ("cover", "daemon"):
        while max(possessions.opened, default=0) < max(before):
            possessions.socket() if len(possessions.opened) % 50 == 0 else possessions.file()
    if how == "crowd":
        extra = []
        try:
            while True:
                extra.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            return extra
    return []


def sender_sleeps() -> bool:
    """Whether the sender's thread has nothing to do at the moment."""
    frames = sys._current_frames()
    senders = [thread for thread in threading.enumerate() if thread.name == "footfall" and thread.ident in frames]
    files = [frames[thread.ident].f_code.co_filename for thread in senders if thread.ident is not None]
    return all(file == wakeup.__file__ for file in files)


def become_daemon() -> None:
    for _ in range(2):
        if os.fork():
            os._exit(0)
    os.setsid()


def main() -> None:
    how, directory = sys.argv[1:]
    if "NUMBERS" in os.environ:
        resource.setrlimit(resource.RLIMIT_NOFILE, (int(os.environ["NUMBERS"]),) * 2)
    host = telemetry()

    def record(tool: int) -> None:
        for _ in range(EACH):
            host.record(ToolExecuted(tool=TOOLS[tool], success=True, duration_ms=1.0))

    use(host, record, how, directory)


def use(host: Telemetry, record: Callable[[int], None], how: str, directory: str) -> None:
    record(0)
    if "AT_ONCE" not in os.environ:
        host.flush(20)
        record(0)
    if how == "daemon":
        become_daemon()
        record(1)
    if "WAIT" in os.environ:
        sys.stdin.readline()
    else:
        deadline = time.monotonic() + SLEEP_WITHIN_SECONDS
        while not sender_sleeps():
            if time.monotonic() > deadline:
                sys.exit("the sender does not sleep")
            time.sleep(0.01)
    possessions = Possessions(directory)
    extra = take(how, possessions, numbers())
    record(2)
    if extra:
        print("crowded", flush=True)
        sys.stdin.readline()
        for number in extra:
            os.close(number)
        record(3)
    deadline = time.monotonic() + 30
    while not host.flush(5) and time.monotonic() < deadline:
        pass
    record(4)
    host.close()
    print("fate", json.dumps(possessions.fate()), flush=True)
    possessions.close()


main()
