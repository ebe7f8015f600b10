"""The system calls of a collector in order, and the violations of the required order.

The tracer sees a call end before the thread that made it goes on, so the order of lines is an order in time.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CALLS = "read,recvfrom,recvmsg,write,writev,sendto,sendmsg,fdatasync,fsync,openat,rename,unlink,ftruncate"
_LINE = re.compile(r"^(\d+) +(.*)$")
_CALL = re.compile(r"^(\w+)\((.*)\) += (-?\d+)")
_RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$")
_UNFINISHED = " <unfinished ...>"
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_FILE = re.compile(r"^\d+<((?:->|[^>])*)>")
_READING, _WRITING = ("read", "recvfrom", "recvmsg"), ("write", "writev", "sendto", "sendmsg")
_OK = "HTTP/1.1 200"


def command(output: Path) -> list[str]:
    """The command prefix that traces all threads, with whole contents and the names of files and sockets."""
    strace = shutil.which("strace")
    assert strace is not None, "strace is missing: `make strace` installs it"
    return [
        strace,
        "-DDD",
        "-f",
        "-q",
        "-yy",
        "-s",
        "65536",
        "--seccomp-bpf",
        "-e",
        f"trace={CALLS}",
        "-o",
        str(output),
    ]


def ended(output: Path) -> bool:
    """Whether the tracer has written the end of the process that it was started with."""
    trace = output.read_text("utf-8", "replace")
    return re.search(rf"^{trace.split(maxsplit=1)[0]} +\+\+\+ ", trace, re.MULTILINE) is not None


@dataclass(frozen=True)
class Event:
    """A call's beginning or end: `target` is the file or socket of its descriptor, or the path it names."""

    name: str
    begins: bool
    target: str
    text: str
    result: int = 0


def events(trace: str) -> Iterator[Event]:
    """Beginnings and ends of calls, in order. An uninterrupted call yields both."""
    begun: dict[str, str] = {}
    for line in trace.splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        thread, text = found.groups()
        if text.endswith(_UNFINISHED):
            begun[thread] = text.removesuffix(_UNFINISHED)
            yield _event(begun[thread] + ") = 0", begins=True)
            continue
        resumed = _RESUMED.match(text)
        if resumed:
            yield _event(begun.pop(thread, resumed[1] + "(") + resumed[2], begins=False)
        elif _CALL.match(text):
            yield _event(text, begins=True)
            yield _event(text, begins=False)


def _event(text: str, *, begins: bool) -> Event:
    found = _CALL.match(text)
    if found is None:
        return Event("", begins, "", text)
    name, arguments, result = found.groups()
    file = _FILE.match(arguments)
    path = re.search(r'"([^"]*)"', arguments)
    target = file[1] if file else path[1] if path else ""
    return Event(name, begins, target, arguments, int(result))


@dataclass
class Order:
    """Reads calls and notes violations of the order.

    Attributes:
        answered: uuids in requests that got their 200.
        wrong: a sentence for each call that came too early.
        segments: names of journal segments that were begun.
    """

    journal: Path
    answered: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    segments: set[str] = field(default_factory=set)
    written: dict[str, set[str]] = field(default_factory=dict)
    syncing: dict[str, set[str]] = field(default_factory=dict)
    synced: set[str] = field(default_factory=set)
    asked: dict[str, set[str]] = field(default_factory=dict)
    unsynced_names: set[str] = field(default_factory=set)

    def take(self, event: Event) -> None:
        if event.target.startswith("TCP:"):
            self._socket(event)
        elif event.target == str(self.journal):
            if event.name == "fsync" and not event.begins and event.result == 0:
                self.unsynced_names.clear()
        elif event.target.startswith(f"{self.journal}/"):
            self._segment(event)

    def _socket(self, event: Event) -> None:
        if event.name in _READING and not event.begins:
            self.asked.setdefault(event.target, set()).update(_UUID.findall(event.text))
        elif event.name in _WRITING and event.begins and _OK in event.text:
            names = self.asked.pop(event.target, set())
            self.answered |= names
            self.wrong += [f"{name} was answered before it was synced" for name in sorted(names - self.synced)]

    def _segment(self, event: Event) -> None:
        name = event.target
        if event.name == "openat" and "O_CREAT" in event.text and not event.begins:
            self.unsynced_names.add(name)
            self.segments.add(name)
        elif event.name == "write" and not event.begins:
            self.written.setdefault(name, set()).update(_UUID.findall(event.text))
            if name in self.unsynced_names:
                self.wrong.append(f"{Path(name).name} got lines before its name was synced")
        elif event.name == "fdatasync" and event.begins:
            self.syncing[name] = self.written.pop(name, set())
        if event.name == "fdatasync" and not event.begins and event.result == 0:
            self.synced |= self.syncing.pop(name, set())


def order_of(trace: Path, journal: Path) -> Order:
    """The order of a whole trace."""
    order = Order(journal)
    for event in events(trace.read_text("utf-8", "replace")):
        order.take(event)
    return order
