"""What is in the store, compared with what should be: for an operator who wants to see it, not believe it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from ..damaged_lines import readable
from . import load_batch as batch
from .month_files import Files
from .relations import ROLLUP_FILE
from .rollup_tables import rolled


@dataclass(frozen=True)
class Compared:
    """Closed journal segments beside the store.

    Attributes:
        lines: whole ones.
        damaged: lines that fail their checksum.
        forgotten: lines of forgotten instances, which must not be in the store.
        missing: by month, events that are not in the store.
    """

    lines: int = 0
    damaged: int = 0
    forgotten: int = 0
    missing: dict[str, int] = field(default_factory=dict)


def compare(files: Files, segments: Sequence[Path], forgotten: Sequence[str]) -> Compared:
    """Look up every event of some segments. `forgotten` are marks of instances. Raises duckdb.Error, OSError."""
    scratch = files.directory / "tmp"
    sound, lines, damaged = [], 0, 0
    for segment in segments:
        path, bad = readable(segment, scratch)
        sound.append(path)
        lines, damaged = lines + path.read_bytes().count(b"\n"), damaged + bad
    if not lines:
        return Compared(damaged=damaged)
    try:
        gone = batch.read(files, sound, 0, forgotten)
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        gone = batch.read(files, sound, 0, forgotten, lenient=True)
    batch.leave_out_repeated(files)
    batch.leave_out_known(files)
    rows = files.writer.execute("SELECT month, count(*) FROM batch GROUP BY month").fetchall()
    for path in set(sound) - set(segments):
        path.unlink()
    return Compared(lines, damaged, gone, dict(rows))


def counted(files: Files) -> dict[str, tuple[int, int]]:
    """By product: events in the rollups, and raw events that they should hold."""
    writer = files.writer
    upto = rolled(writer)
    found: dict[str, list[int]] = {}
    for month in files.months.values():
        raw = f"SELECT product, count(*) FROM {month.events} WHERE load <= {upto} GROUP BY product"  # noqa: S608 - our alias
        for product, n in writer.execute(raw).fetchall():
            found.setdefault(product, [0, 0])[1] += n
    sums = f"SELECT product, sum(n)::BIGINT FROM {ROLLUP_FILE}.event_counts GROUP BY product"  # noqa: S608 - our alias
    for product, n in writer.execute(sums).fetchall():
        found.setdefault(product, [0, 0])[0] += n
    return {product: (rollups, raw) for product, (rollups, raw) in found.items()}
