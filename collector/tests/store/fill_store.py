"""Fills a DuckDB store through admission, journal and loader: all of an event's path but HTTP."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from footfall.catalogue import catalogue_for
from footfall_collector.admit import Admission
from footfall_collector.journal import Journal
from footfall_collector.runtime.status import Status
from footfall_collector.store.duckdb.store import DuckStore
from footfall_collector.store.interface import Store
from footfall_collector.store.loader import Loader
from tests.oracle.fleet import FleetRequest

CATALOGUES = {name: catalogue_for(name) for name in ("dot-ai", "other-product")}
PEPPER = b"0123456789abcdef0123456789abcdef"
ADMISSION = Admission(CATALOGUES, PEPPER)


def journal_dir(data: Path) -> Path:
    return data / "journal"


def open_store(data: Path, **more: Any) -> DuckStore:
    return DuckStore(data, CATALOGUES, memory_limit="512MB", threads=2, **more)


def loader_of(data: Path, store: Store, status: Status | None = None) -> Loader:
    return Loader(store, journal_dir(data), status or Status())


def admitted(events: Sequence[dict[str, Any]], received: int, sent_at: int | None, product: str = "dot-ai") -> bytes:
    """The journal lines of events, all of which must be admitted."""
    result = ADMISSION.admit(
        product, [msgspec.Raw(msgspec.json.encode(event)) for event in events], float(received), sent_at
    )
    assert result.refused == {}
    return result.lines


def journal(data: Path, requests: Iterable[bytes], segment_bytes: int = 1 << 20) -> None:
    """Write the requests' lines into closed segments."""
    journal = Journal(journal_dir(data), Status(), segment_seconds=3600, segment_bytes=segment_bytes)
    journal.start()

    async def write() -> None:
        await asyncio.gather(*(journal.append(lines) for lines in requests))

    asyncio.run(write())
    journal.close()


def journal_fleet(data: Path, sent: Iterable[FleetRequest], product: str = "dot-ai") -> None:
    """Write a fleet's requests into closed segments, each with its time of receipt."""
    lines = (admitted(request.wire_events(), request.received, request.sent_at, product) for request in sent)
    journal(data, lines)
