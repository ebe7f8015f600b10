"""Compares the store with the journal and the roll-ups with the raw events, for `footfall-collector verify`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from ...journal import without_damaged_lines
from . import load_batch
from .month_files import DatabaseFiles
from .relations import ROLLUP_FILE
from .rollup_tables import last_rolled_load


@dataclass(frozen=True)
class JournalComparison:
    """The result of comparing closed journal segments with the store.

    Attributes:
        lines: intact lines.
        damaged: lines that fail their checksum.
        forgotten: lines of forgotten instances, which must not be in the store.
        missing: month to the number of events that are not in the store.
    """

    lines: int = 0
    damaged: int = 0
    forgotten: int = 0
    missing: dict[str, int] = field(default_factory=dict)


def compare_with_journal(files: DatabaseFiles, segments: Sequence[Path], forgotten: Sequence[str]) -> JournalComparison:
    """Look up every event of the segments. `forgotten` are marks of instances. Raises duckdb.Error, OSError."""
    scratch = files.directory / "tmp"
    intact_files, lines, damaged = [], 0, 0
    for segment in segments:
        path, damaged_lines = without_damaged_lines(segment, scratch)
        intact_files.append(path)
        lines, damaged = lines + path.read_bytes().count(b"\n"), damaged + damaged_lines
    if not lines:
        return JournalComparison(damaged=damaged)
    try:
        forgotten_lines = load_batch.read_segments(files, intact_files, 0, forgotten)
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        forgotten_lines = load_batch.read_segments(files, intact_files, 0, forgotten, lenient=True)
    load_batch.remove_repeats(files)
    load_batch.remove_stored(files)
    rows = files.writer.execute("SELECT month, count(*) FROM batch GROUP BY month").fetchall()
    for path in set(intact_files) - set(segments):
        path.unlink()
    return JournalComparison(lines, damaged, forgotten_lines, dict(rows))


def rollup_and_raw_counts(files: DatabaseFiles) -> dict[str, tuple[int, int]]:
    """Product to (events in the roll-ups, raw events that the roll-ups should hold)."""
    writer = files.writer
    last_load = last_rolled_load(writer)
    counts: dict[str, list[int]] = {}
    for month in files.months.values():
        raw = f"SELECT product, count(*) FROM {month.events} WHERE load <= {last_load} GROUP BY product"  # noqa: S608 - our alias
        for product, n in writer.execute(raw).fetchall():
            counts.setdefault(product, [0, 0])[1] += n
    sums = f"SELECT product, sum(n)::BIGINT FROM {ROLLUP_FILE}.event_counts GROUP BY product"  # noqa: S608 - our alias
    for product, n in writer.execute(sums).fetchall():
        counts.setdefault(product, [0, 0])[0] += n
    return {product: (rollups, raw) for product, (rollups, raw) in counts.items()}
