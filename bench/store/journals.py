"""Journals of any size: a generated fleet's lines, copied to other instances and times.

Python makes about ten thousand events a second, which is hours for a hundred million. So the fleet is made once and its
lines are copied: a *family* is the whole fleet under other instance IDs, a *repetition* the same instances up to an
hour earlier. Each copy of an event has another UUID, each copy of a retry its event's UUID; checksums are computed for
each line. Copies share the mix of tools, versions and active days. More repetitions make instances busier, more
families make more instances. Everything follows from the seed.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import NamedTuple
from zlib import crc32

import msgspec

from footfall.catalogue import catalogue_for
from footfall_collector.admit import Admission
from tests.oracle.fleet import Fleet
from tests.oracle.world import DAY, HOUR

CATALOGUES = {"dot-ai": catalogue_for("dot-ai")}
SEGMENT_BYTES = 8 << 20
WORKERS = 2
EVENTS_PER_INSTANCE_DAY = 2.6
"""Measured on a fleet with `busy` 1; used to reach about the requested number of events."""

_UUID, _SENT, _INSTANCE, _CHECKSUM = b'"uuid":"', b',"sent":', b',"instance":"', b',"c":"'
_TIME = len(b"1795478400")


@dataclass(frozen=True)
class Base:
    """The lines of a generated fleet in a directory: one file per day of receipt, ordered by the sender's time."""

    directory: Path

    @property
    def days(self) -> list[Path]:
        """The files, oldest first."""
        return sorted(self.directory.glob("day-*"))

    def make(self, fleet: Fleet) -> int:
        """Write the files; returns the number of lines, repeated ones included."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(WORKERS) as pool:
            jobs = [pool.submit(_write_share, fleet, worker, self.directory) for worker in range(WORKERS)]
            lines = sum(job.result() for job in jobs)
        shares: dict[str, list[Path]] = {}
        for path in self.directory.glob("share-*"):
            shares.setdefault(path.name.split("-")[1], []).append(path)
        for day, paths in shares.items():
            content: list[bytes] = [line for path in sorted(paths) for line in path.read_bytes().splitlines(True)]
            content.sort(key=_sent_of)
            (self.directory / f"day-{day}").write_bytes(b"".join(content))
            for path in paths:
                path.unlink()
        return lines


def _sent_of(line: bytes) -> int:
    at = line.index(_SENT) + len(_SENT)
    return int(line[at : at + _TIME])


def _write_share(fleet: Fleet, worker: int, directory: Path) -> int:
    """One worker's share of the instances, as journal lines in one file per day of receipt."""
    admission = Admission(CATALOGUES, b"0123456789abcdef0123456789abcdef")
    lines = 0
    waiting: dict[int, list[bytes]] = {}
    for n, request in enumerate(fleet.requests(range(worker, fleet.instances, WORKERS))):
        raw = [msgspec.Raw(msgspec.json.encode(event)) for event in request.wire_events()]
        admitted = admission.admit("dot-ai", raw, float(request.received), request.sent_at)
        lines += admitted.accepted
        waiting.setdefault(request.received // DAY, []).append(admitted.lines)
        if n % 20_000 == 0:
            _flush(waiting, worker, directory)
    _flush(waiting, worker, directory)
    return lines


def _flush(waiting: dict[int, list[bytes]], worker: int, directory: Path) -> None:
    for day, blocks in waiting.items():
        with open(directory / f"share-{day}-{worker}", "ab") as file:
            file.write(b"".join(blocks))
    waiting.clear()


@dataclass(frozen=True)
class Copies:
    """The number of copies of a base: how many families, and how many repetitions of each."""

    families: int = 1
    repetitions: int = 1
    seed: int = 1

    @property
    def changes(self) -> list["Change"]:
        """One for each copy; the first leaves instances and times as they are."""
        rng = Random(f"footfall/copies/{self.seed}")
        instances = [0, *(rng.getrandbits(64) for _ in range(1, self.families))]
        return [
            Change(rng.getrandbits(32), instances[family], rng.randrange(HOUR) if n else 0)
            for family in range(self.families)
            for n in range(self.repetitions)
        ]


class Change(NamedTuple):
    """The change that makes a copy: bits to flip in a UUID's first 32 and an instance's 64, and seconds to subtract."""

    uuid: int
    instance: int
    back: int


def write_day(day: Path, copies: Copies, journal: Path, first: int) -> int:
    """A day's copies as segments below `journal`, hour after hour; returns the number after the last segment's."""
    segment, size = [], 0
    for hour in _hours(day):
        for change in copies.changes:
            lines = _copied(hour, change)
            segment.append(lines)
            size += len(lines)
            if size >= SEGMENT_BYTES:
                first, segment, size = _write(journal, first, segment), [], 0
    return _write(journal, first, segment) if segment else first


def _write(journal: Path, number: int, blocks: list[bytes]) -> int:
    path = journal / f"{number:012d}.jsonl"
    # The loader must not see an incomplete segment.
    scratch = path.with_suffix(".making")
    scratch.write_bytes(b"".join(blocks))
    scratch.rename(path)
    return number + 1


_Cut = tuple[bytes, int, bytes, int, int, int, bytes]


def _hours(day: Path) -> Iterator[list[_Cut]]:
    """The lines of a day, cut at the values that copies change, in groups of an hour."""
    group: list[_Cut] = []
    for line in day.read_bytes().splitlines():
        cut = _cut(line)
        if group and cut[4] - group[0][4] >= HOUR:
            yield group
            group = []
        group.append(cut)
    if group:
        yield group


def _cut(line: bytes) -> _Cut:
    """(text before the UUID, its first 32 bits, text up to `ts`, `ts`, `sent`, the instance, the rest)."""
    uuid = line.index(_UUID) + len(_UUID)
    sent = line.index(_SENT, uuid) + len(_SENT)
    instance = line.index(_INSTANCE, sent) + len(_INSTANCE)
    ts = sent - len(_SENT) - _TIME
    return (
        line[:uuid],
        int(line[uuid : uuid + 8], 16),
        line[uuid + 8 : ts],
        int(line[ts : ts + _TIME]),
        int(line[sent : sent + _TIME]),
        int(line[instance : instance + 16], 16),
        line[instance + 16 : line.rindex(_CHECKSUM)],
    )


def _copied(cuts: list[_Cut], change: Change) -> bytes:
    lines = []
    uuids, instances, back = change
    for head, uuid, middle, ts, sent, instance, tail in cuts:
        body = b'%b%08x%b%d,"sent":%d,"instance":"%016x%b' % (
            head, uuid ^ uuids, middle, ts - back, sent - back, instance ^ instances, tail,
        )  # fmt: skip
        lines.append(b'%b,"c":"%08x"}\n' % (body, crc32(body)))
    return b"".join(lines)


def report_progress(text: str) -> None:
    """Print a line on stderr."""
    print(text, file=sys.stderr, flush=True)
