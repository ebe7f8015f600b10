"""`verify`: compares the journal with the store, and checks every line's checksum."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..journal import CLOSED, LIVE, has_valid_checksum
from ..store import month_bounds
from ..store.duckdb import DuckStore, damage_sentences, gone_events, unmerged_counts

_GROUP_BYTES = 32 << 20


def verify_store(
    store: DuckStore, journal: Path, closed: Sequence[Path], cutoff: int, report_progress: Callable[..., None]
) -> dict[str, Any]:
    """Compare; to be called on the loader's thread.

    Args:
        store: the store with everything of `closed` loaded.
        journal: the journal's directory.
        closed: segments that were loaded, and perhaps deleted since.
        cutoff: epoch seconds; events of months before it were deleted and are not missing.
        report_progress: gets `segments` and `lines` by name.

    Returns `segments`, `lines` (whole ones, of which `waiting` are in segments to be loaded and `forgotten` are of
    deleted instances), `damaged` (lines that fail their checksum), `missing` (events that should be in the store and
    are not), `counts` (by product: events in the roll-ups, in the files of raw events, and in these files but not yet
    in the roll-ups), `lost` (raw events of damaged months, which only the roll-ups count), `gone` (events that those
    lack too) and `damage` (a sentence for each damaged file).

    Raises:
        StoreError, OSError: the store or the journal can't be read.
    """
    result = dict.fromkeys(("segments", "lines", "waiting", "forgotten", "damaged", "missing"), 0)
    loaded = [path for path in closed if path.is_file()]
    not_loaded = [path for path in _segments(journal) if path not in loaded]
    for group in _group_by_size(loaded):
        compared = store.compare_with_journal(group)
        result["segments"] += len(group)
        result["lines"] += compared.lines
        result["damaged"] += compared.damaged
        result["forgotten"] += compared.forgotten
        result["missing"] += sum(n for month, n in compared.missing.items() if not _month_deleted(store, month, cutoff))
        report_progress(segments=result["segments"], lines=result["lines"])
    for path in not_loaded:
        whole, damaged = _count_lines(path)
        result["segments"] += 1
        result["lines"] += whole
        result["waiting"] += whole
        result["damaged"] += damaged
    lost = sum(month.missing for month in store.incomplete)
    return {**result, "counts": _counts(store), "lost": lost, **_gone(store)}


def _gone(store: DuckStore) -> dict[str, Any]:
    gone = gone_events(store.files, store.incomplete)
    return {"gone": sum(gone.values()), "damage": damage_sentences(store.files, store.incomplete)}


def _segments(journal: Path) -> list[Path]:
    return [path for path in sorted(journal.iterdir()) if path.suffix in (LIVE, CLOSED) and path.is_file()]


def _counts(store: DuckStore) -> dict[str, tuple[int, int, int]]:
    """Product to the events in the roll-ups, the raw ones that they should hold, and the ones to be merged."""
    waiting = unmerged_counts(store.files)
    counts = {product: (*pair, waiting.pop(product, 0)) for product, pair in store.rollup_and_raw_counts().items()}
    return counts | {product: (0, 0, n) for product, n in waiting.items()}


def _group_by_size(segments: Sequence[Path]) -> Iterator[list[Path]]:
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


def _month_deleted(store: DuckStore, month: str, cutoff: int) -> bool:
    return month not in store.files.months and month_bounds(month)[1] <= cutoff


def _count_lines(path: Path) -> tuple[int, int]:
    """Intact and damaged lines of a segment that may still be written; its last line may be incomplete."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        # Closed since it was listed.
        path = path.with_suffix(CLOSED)
        content = path.read_bytes()
    *lines, _incomplete = content.split(b"\n")
    intact_lines = sum(map(has_valid_checksum, lines))
    return intact_lines, len(lines) - intact_lines
