"""Compares the store with the journal and the roll-ups with the raw events: for `verify`, and at each start.

The roll-ups count the events of each month, so they show which month lost its raw events with its file. What both lost
is known by `journal.StoredCounts`.
"""

import logging
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from ...journal import without_damaged_lines
from ...runtime import Status, printable, quantity
from ..interface import EventSelection, EventsUnreadableError, StepHook, StoreError
from ..periods import DAY_SECONDS, month_bounds
from . import load_batch
from .month_files import DatabaseFiles
from .relations import ROLLUP_FILE
from .rollup_tables import last_rolled_load, rebuild

_log = logging.getLogger(__name__)
_MONTH_OF_DAY = f"strftime(make_timestamp(day::BIGINT * {DAY_SECONDS} * 1000000), '%Y-%m')"
_NOTE = "incomplete "
"""Start of the name of a row in the roll-ups' table `meta`; the month follows, and the value is when it was noticed."""


@dataclass(frozen=True)
class IncompleteMonth:
    """A month whose file was lost or set aside.

    Attributes:
        missing: the number of its events that are counted in the roll-ups and have no raw event.
        since: epoch seconds at which that was noticed; raw events from then on are complete.
    """

    name: str
    missing: int
    since: int

    def overlaps(self, start: int, end: int) -> bool:
        """Whether raw events may be missing between two moments, in epoch seconds."""
        first, last = month_bounds(self.name)
        return start < min(last, self.since) and end > first


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
    missing = load_batch.count_by_month(files)
    for path in set(intact_files) - set(segments):
        path.unlink()
    return JournalComparison(lines, damaged, forgotten_lines, missing)


def unmerged_counts(files: DatabaseFiles) -> dict[str, int]:
    """Product to the number of raw events that are not in the roll-ups yet."""
    last_load = last_rolled_load(files.writer)
    counts: dict[str, int] = {}
    for month in files.months.values():
        raw = f"SELECT product, count(*) FROM {month.events} WHERE load > {last_load} GROUP BY product"  # noqa: S608 - our alias
        for product, n in files.writer.execute(raw).fetchall():
            counts[product] = counts.get(product, 0) + n
    return counts


def rollup_and_raw_counts(files: DatabaseFiles, without: Sequence[IncompleteMonth] = ()) -> dict[str, tuple[int, int]]:
    """Product to (events in the roll-ups, raw events that the roll-ups should hold), without these months."""
    writer = files.writer
    last_load = last_rolled_load(writer)
    counts: dict[str, list[int]] = {}
    left_out = {month.name for month in without}
    for month in files.months.values():
        if month.name in left_out:
            continue
        raw = f"SELECT product, count(*) FROM {month.events} WHERE load <= {last_load} GROUP BY product"  # noqa: S608 - our alias
        for product, n in writer.execute(raw).fetchall():
            counts.setdefault(product, [0, 0])[1] += n
    names = ", ".join(f"'{name}'" for name in left_out)
    where = f"WHERE {_MONTH_OF_DAY} NOT IN ({names})" if names else ""
    sums = f"SELECT product, sum(n)::BIGINT FROM {ROLLUP_FILE}.event_counts {where} GROUP BY product"  # noqa: S608 - our alias
    for product, n in writer.execute(sums).fetchall():
        counts.setdefault(product, [0, 0])[0] += n
    return {product: (rollups, raw) for product, (rollups, raw) in counts.items()}


def find_incomplete_months(files: DatabaseFiles) -> tuple[IncompleteMonth, ...]:
    """The months that lost their file, by the counts in the roll-ups. They are noted there. Raises duckdb.Error.

    A month that has all its events again, from a backup, is no longer noted.
    """
    noted = _noted_months(files)
    lost = {*noted, *files.quarantine.months(), *files.counts.lost()}
    incomplete = []
    for name, (counted, raw) in _counts_by_month(files).items():
        if raw >= counted:
            continue
        if name in lost or name not in files.months:
            since = noted.get(name) or _note(files, name)
            incomplete.append(IncompleteMonth(name, counted - raw, since))
        else:
            _log.warning(
                "store: %s has %d events and the roll-ups count %d: `rebuild` counts again", name, raw, counted
            )
    for name in noted.keys() - {month.name for month in incomplete}:
        forget_note(files, name)
    return tuple(incomplete)


def damage_sentences(files: DatabaseFiles, incomplete: Sequence[IncompleteMonth]) -> list[str]:
    """What is missing and what to do, then which files were set aside."""
    set_aside, lost = files.quarantine, files.counts.lost()
    give_up = f"footfall-collector rebuild --data {shlex.quote(str(files.directory.parent))} --without-damaged"
    sentences = [
        f"{month.name} lost {quantity(month.missing, 'raw event')}: counts of whole days still have them, ranges up to "
        f"48 hours and exports do not. Stop the collector and copy {files.month_path(month.name).name} from a backup "
        f"to {files.directory}, or give them up: {give_up}"
        for month in incomplete
    ]
    for name, events in gone_events(files, incomplete).items():
        every, noticed = (
            quantity(lost[name].events, "event"),
            time.strftime("%Y-%m-%d %H:%M", time.gmtime(lost[name].noticed)),
        )
        loss = (
            f"{name} with {every} is missing" if events == lost[name].events else f"{name} lost {events} of its {every}"
        )
        sentences.append(
            f"{loss} (noticed {noticed} UTC): neither raw events nor counts have them. Stop the collector and copy "
            f"{files.month_path(name).name} from a backup to {files.directory}, or give them up: {give_up}"
        )
    sentences += [f"{set_aside.directory / name} was damaged and set aside" for name in set_aside.names()]
    return [printable(sentence) for sentence in sentences]


def gone_events(files: DatabaseFiles, incomplete: Sequence[IncompleteMonth]) -> dict[str, int]:
    """Month to the number of its lost events that the roll-ups do not count either."""
    counted = {month.name: month.missing for month in incomplete}
    gone = {name: count.lost - counted.get(name, 0) for name, count in files.counts.lost().items()}
    return {name: events for name, events in gone.items() if events > 0}


def report_damage(files: DatabaseFiles, status: Status, *, settled: bool = False) -> tuple[IncompleteMonth, ...]:
    """Raise the alarms, show the damage on the data-health page, and log what is missing. Returns incomplete months.

    `settled`: see `StoredCounts.check`.
    """
    files.counts.check(
        lambda month, load: load_batch.count_events(files, month, f"WHERE load <= {load}"), settled=settled
    )
    incomplete = find_incomplete_months(files)
    sentences, gone = damage_sentences(files, incomplete), gone_events(files, incomplete)
    for sentence in sentences[: len(incomplete) + len(gone)]:
        if sentence not in status.damage:
            _log.error("store: %s", sentence)
    status.set_damage("store", sentences)
    status.set_lost("store", sum(month.missing for month in incomplete) + sum(gone.values()))
    return incomplete


def settle_changed(files: DatabaseFiles, status: Status, step: StepHook) -> tuple[IncompleteMonth, ...]:
    """Count again what lost events and what has them back, and the roll-ups where they lack events that are back."""
    incomplete = report_damage(files, status, settled=True)
    if not incomplete and any(raw > counted for counted, raw in rollup_and_raw_counts(files).values()):
        rebuild(files, step)
    return incomplete


def note_counts(files: DatabaseFiles) -> None:
    """Record what each month has; called when its loads are checkpointed and their segments deleted."""
    loads = {name: month.last_load for name, month in files.months.items()}
    files.counts.note({name: (load_batch.count_events(files, name), loads[name]) for name in files.counts.due(loads)})


def give_up(files: DatabaseFiles, incomplete: Sequence[IncompleteMonth]) -> None:
    """Stop to expect events that are lost. Raises duckdb.Error, OSError."""
    for month in incomplete:
        forget_note(files, month.name)
    files.counts.give_up()


def check_complete(incomplete: Sequence[IncompleteMonth], selection: EventSelection) -> None:
    """Raises EventsUnreadableError where a selection of raw events reaches into a month that lost some."""
    for month in incomplete:
        if month.overlaps(selection.start, selection.end):
            raise EventsUnreadableError(
                f"The raw events of {month.name} are damaged ({quantity(month.missing, 'event')}), and this answer "
                "is read from them: choose a range of more than 48 hours, which is complete, or, for a chart of what "
                "instances do, one without that month."
            )


def check_countable(incomplete: Sequence[IncompleteMonth]) -> None:
    """Raises StoreError where a count of all raw events would leave out those of a month that lost some."""
    if incomplete:
        raise StoreError(
            f"the raw events of {', '.join(month.name for month in incomplete)} are damaged, and only the present "
            "counts have them: restore them from a backup, or give them up by --without-damaged"
        )


def forget_note(files: DatabaseFiles, month: str) -> None:
    """Stop to expect the events of a month that lost its file. Raises duckdb.Error."""
    files.writer.execute(f"DELETE FROM {ROLLUP_FILE}.meta WHERE name = $name", {"name": _NOTE + month})  # noqa: S608 - our alias


def _noted_months(files: DatabaseFiles) -> dict[str, int]:
    rows = files.writer.execute(f"SELECT name, value FROM {ROLLUP_FILE}.meta").fetchall()  # noqa: S608 - our alias
    return {name.removeprefix(_NOTE): int(value) for name, value in rows if name.startswith(_NOTE)}


def _note(files: DatabaseFiles, month: str) -> int:
    now = int(time.time())
    row = {"name": _NOTE + month, "now": str(now)}
    files.writer.execute(f"INSERT INTO {ROLLUP_FILE}.meta VALUES ($name, $now)", row)  # noqa: S608 - our alias
    return now


def _counts_by_month(files: DatabaseFiles) -> dict[str, tuple[int, int]]:
    """Month to (events in the roll-ups, raw events that they hold). Raw events are counted by the file's statistics."""
    writer = files.writer
    last_load = last_rolled_load(writer)
    sums = f"SELECT {_MONTH_OF_DAY} AS month, sum(n)::BIGINT FROM {ROLLUP_FILE}.event_counts GROUP BY month"  # noqa: S608 - our alias
    counts = {}
    for name, counted in writer.execute(sums).fetchall():
        raw = 0
        if month := files.months.get(name):
            [[every]] = writer.execute(f"SELECT count(*) FROM {month.events}").fetchall()  # noqa: S608 - our alias
            [[later]] = writer.execute(f"SELECT count(*) FROM {month.events} WHERE load > {last_load}").fetchall()  # noqa: S608 - our alias
            raw = every - later
        counts[name] = (counted, raw)
    return counts
