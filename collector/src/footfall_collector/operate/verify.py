"""The journal beside the store: whether every line is what was written, and every event that was loaded is there."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..journal import CLOSED, LIVE, has_valid_checksum
from ..store import month_bounds
from ..store.duckdb import DuckStore

_GROUP_BYTES = 32 << 20


def verify(
    store: DuckStore, journal: Path, closed: Sequence[Path], cutoff: int, say: Callable[..., None]
) -> dict[str, Any]:
    """Compare; the loader's thread must be here. `closed` are segments that were loaded, and perhaps deleted since.

    `cutoff` is the moment (epoch seconds) before which months were deleted: what is gone with one is not missed.

    Returns `segments`, `lines` (whole ones, of which `waiting` are in segments to be loaded and `forgotten` of deleted
    instances), `damaged` (lines that fail their checksum), `missing` (events that should be in the store and are
    not), `counts` (by product: events in the rollups, and in the files of raw events).
    Raises StoreError, OSError.
    """
    found = {"segments": 0, "lines": 0, "waiting": 0, "forgotten": 0, "damaged": 0, "missing": 0}
    loaded = [path for path in closed if path.exists()]
    later = [path for path in sorted(journal.iterdir()) if path.suffix in (LIVE, CLOSED) and path not in loaded]
    for group in _groups(loaded):
        compared = store.compare(group)
        found["segments"] += len(group)
        found["lines"] += compared.lines
        found["damaged"] += compared.damaged
        found["forgotten"] += compared.forgotten
        found["missing"] += sum(n for month, n in compared.missing.items() if not _deleted(store, month, cutoff))
        say(segments=found["segments"], lines=found["lines"])
    for path in later:
        whole, damaged = _read_later(path)
        found["segments"] += 1
        found["lines"] += whole
        found["waiting"] += whole
        found["damaged"] += damaged
    return {**found, "counts": store.counted()}


def _groups(segments: Sequence[Path]) -> Iterator[list[Path]]:
    group: list[Path] = []
    size = 0
    for path in segments:
        size += path.stat().st_size
        if group and size > _GROUP_BYTES:
            yield group
            group, size = [], path.stat().st_size
        group.append(path)
    if group:
        yield group


def _deleted(store: DuckStore, month: str, cutoff: int) -> bool:
    return month not in store.files.months and month_bounds(month)[1] <= cutoff


def _read_later(path: Path) -> tuple[int, int]:
    """Whole lines and damaged ones of a segment that may be being written; its last line may be under way."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        # Closed since it was listed.
        path = path.with_suffix(CLOSED)
        content = path.read_bytes()
    *lines, _under_way = content.split(b"\n")
    good = sum(map(has_valid_checksum, lines))
    return good, len(lines) - good
