"""A file of complete HTTP requests for wrk, as Footfall's client sends them; every event has a unique UUID.

They are made before a measurement: making them during it would take CPU time from the collector. A record is
eight digits, the size of the request, and the request.
"""

import functools
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

from footfall.catalogue import catalogue_for
from footfall.send.wire import (
    BatchSender,
    compressed,
    encode_event,
    encode_members,
    event_prefix,
    event_rest,
    event_suffix,
    request_body,
)
from tests.oracle.fleet import Fleet, FleetEvent

KEY = "phc_measured"
BATCH = 100
INSTANCES = 200
WORKERS = 2
FLUSH_SECONDS = 10
"""The client's flush interval; the timestamps within a batch are spread over it."""
_CHECKS = catalogue_for("dot-ai").checks()
_COMMON = catalogue_for("dot-ai").common_check()
_PEOPLE = Fleet(instances=1500, days=4, busy=20.0)


@dataclass(frozen=True)
class Template:
    """The events of one instance, without their UUIDs and times: (name, own properties) each, and what they share."""

    events: tuple[tuple[str, Mapping[str, Any]], ...]
    close: bytes


@functools.cache
def templates() -> list[Template]:
    """The first `BATCH` events of each of `INSTANCES` instances of a generated fleet."""
    found = []
    for number in range(_PEOPLE.instances):
        life = (event for sent in _PEOPLE.requests([number]) for event in sent.events)
        events = list(itertools.islice(life, BATCH))
        if len(events) == BATCH:
            said = tuple((event.event, _properties(event)) for event in events)
            found.append(Template(said, event_suffix(events[0].instance, {})))
        if len(found) == INSTANCES:
            break
    return found


def _properties(event: FleetEvent) -> dict[str, Any]:
    """What the client would send: its own names, and values as its checks leave them."""
    said = dict(event.properties)
    said["dot_ai_version"] = said.pop("product_version", None)
    return {**(_CHECKS[event.event](said.get) or {}), **(_COMMON(said.get) or {})}


def request(template: Template, size: int, sent_at: int, rng: Random) -> bytes:
    """One whole request of `size` of a template's events; `sent_at` in epoch seconds by the sender's clock."""
    events = [
        encode_event(
            event_prefix(name, happened), uuid.encode(), event_rest(encode_members(properties), template.close)
        )
        for name, happened, uuid, properties in drawn_events(template, size, sent_at, rng)
    ]
    packed = compressed(request_body(KEY, events, sent_at))
    return _HEAD.request_head(packed).encode() + b"\r\n" + packed


def drawn_events(
    template: Template, size: int, sent_at: int, rng: Random
) -> Iterator[tuple[str, int, str, Mapping[str, Any]]]:
    """`size` of a template's events: name, time in epoch seconds, a new UUID's 32 hex digits, and properties."""
    begin = rng.randrange(BATCH - size + 1)
    names = rng.randbytes(16 * size).hex()
    for n, (name, properties) in enumerate(template.events[begin : begin + size]):
        drawn = names[32 * n : 32 * n + 32]
        uuid = f"{drawn[:12]}4{drawn[13:16]}8{drawn[17:]}"
        yield name, sent_at - FLUSH_SECONDS + (n + 1) * FLUSH_SECONDS // size, uuid, properties


_HEAD = BatchSender("http://127.0.0.1", {})
Make = Callable[[Template, int, int, Random], bytes]


def write(path: Path, size: int, count: int, first: float, rate: float, make: Make = request) -> None:
    """Write `count` requests of `size` events, sent from `first` (epoch seconds) on at `rate` a second.

    `make` makes one request, Footfall's client's if nothing else is said; it is a function of a module.
    """
    share = -(-count // WORKERS)
    templates()  # before the workers are forked, so that they have them
    with ProcessPoolExecutor(WORKERS, get_context("fork")) as pool:
        jobs = []
        for worker in range(WORKERS):
            times = [int(first + n / rate) for n in range(worker * share, min(count, (worker + 1) * share))]
            jobs.append(pool.submit(_write_part, path.with_suffix(f".{worker}"), size, times, make))
        for job in jobs:
            job.result()
    with path.open("wb") as whole:
        for worker in range(WORKERS):
            part = path.with_suffix(f".{worker}")
            with part.open("rb") as file:
                while block := file.read(1 << 20):
                    whole.write(block)
            part.unlink()


def _write_part(path: Path, size: int, times: Iterable[int], make: Make) -> None:
    rng = Random(os.urandom(16))
    made = templates()
    with path.open("wb") as file:
        for sent_at in times:
            whole = make(rng.choice(made), size, sent_at, rng)
            file.write(b"%08d%b" % (len(whole), whole))


def read(path: Path) -> Iterator[bytes]:
    """The requests of a file, one after another."""
    with path.open("rb", buffering=1 << 20) as file:
        while head := file.read(8):
            yield file.read(int(head))
