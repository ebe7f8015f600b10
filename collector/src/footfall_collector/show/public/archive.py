"""Published months, each in a file that is written once: DATA/public/<product>/<month>.json, and a copy.

A month's numbers must never change, so a damaged or missing file is restored from the copy and not computed again.
"""

import contextlib
import logging
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from footfall.catalogue import OTHER, Catalogue

from ...answer import Answers, EventsUnreadableError, Filters, locked, word_days
from ...runtime import (
    copy_path,
    has_checksum_of_content,
    make_directory,
    read_copy,
    read_regular_file,
    replace_with_copy,
    with_checksum,
)
from ..insight import ChartRow, rows_as_dicts
from .own_words import group_sizes, own_words
from .small_groups import MonthCounts, PublishedMonth, publish_month

_log = logging.getLogger(__name__)

CLOSED_AFTER = timedelta(days=7)
"""A month is closed this long after its end; events that arrive later are never published."""
DIMENSIONS = ("ai_provider", "mcp_client", "transport", "deployment_method")
"""Built-in properties with a closed vocabulary. Tool names and versions have none: a product chooses them."""


class MonthArchive:
    """The published months of all public products. Thread-safe.

    `days` are those for which the store has events; the noise is drawn from `secret`.
    """

    def __init__(self, directory: Path, answers: Answers, days: int, secret: bytes) -> None:
        self._directory, self._answers, self._secret = directory, answers, secret
        self._retention = timedelta(days=days)
        self._lock = threading.Lock()

    def months(self, product: str, now: datetime) -> list[PublishedMonth]:
        """Every published month with numbers, the oldest first. Months closed since the last call are published now."""
        with locked(self._lock):
            for start in self._closed_months(product, now):
                if not is_published(self._path(product, start)):
                    self._publish(product, start)
            folder = self._directory / product
            folders = (folder, copy_path(folder, self._directory.parent))
            names = {path.name for one in folders for path in one.glob("????-??.json")}
            months = [month for name in sorted(names) if (month := _read(folder / name))]
        return [month for month in months if month.instances is not None]

    def _closed_months(self, product: str, now: datetime) -> list[datetime]:
        """The first days of the closed months whose events are all still in the store."""
        retained = Filters(product, now - self._retention, now)
        days = [str(row["day"]) for row in rows_as_dicts(self._answers.chart("events", retained))]
        if not days:
            return []
        start = datetime.fromisoformat(f"{min(days)[:7]}-01").replace(tzinfo=UTC)
        if start < now - self._retention:
            start = first_of_next_month(start)
        closed = []
        while first_of_next_month(start) + CLOSED_AFTER <= now:
            closed.append(start)
            start = first_of_next_month(start)
        return closed

    def _publish(self, product: str, start: datetime) -> None:
        filters = Filters(product, start, first_of_next_month(start))
        words = vocabularies(self._answers.catalogues[product])
        month = publish_month(product, f"{start:%Y-%m}", self._count(filters), words, self._secret)
        write_month(self._path(product, start), month)

    def _count(self, filters: Filters) -> MonthCounts:
        """The established instances; all of them, without groups, where the product has no established one."""
        established = bool(rows_as_dicts(self._answers.standings(filters))[0]["of_product"])
        rows = rows_as_dicts(self._answers.public(filters, established=established))
        instances = next(row["instances"] for row in rows if row["dimension"] is None)
        try:
            calls = self._answers.public_calls(filters, established=established)
        except EventsUnreadableError:
            calls = None  # they are counted from raw events, and some are damaged
        groups = self._groups(filters, rows) if established else {}
        return MonthCounts(instances, calls, groups, "established" if established else "all")

    def _groups(self, filters: Filters, rows: list[ChartRow]) -> dict[str, Mapping[str | None, int]]:
        """Dimension → value → established instances."""
        groups: dict[str, Mapping[str | None, int]] = {name: _group_sizes(rows, name) for name in DIMENSIONS}
        for word in own_words(self._answers.catalogues[filters.product]):
            counted = word_days(self._answers, filters, word.event, word.name, established=True)
            groups[word.dimension] = group_sizes(counted)
        return groups

    def _path(self, product: str, start: datetime) -> Path:
        return self._directory / product / f"{start:%Y-%m}.json"


def withhold_unpublished(directory: Path, products: Iterable[str], months: Iterable[str], now: datetime) -> list[str]:
    """Decide for closed months that have no file that nothing of them is published; the months. Raises OSError."""
    withheld = set()
    for month in months:
        start = datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC)
        for product in products if first_of_next_month(start) + CLOSED_AFTER <= now else ():
            path = directory / product / f"{month}.json"
            if not is_published(path):
                write_month(path, PublishedMonth(product, month, None, None, {}))
                withheld.add(month)
    return sorted(withheld)


def _read(path: Path) -> PublishedMonth | None:
    """A published month, from its file or the copy; None where both are damaged.

    It is then not published again: a second number would tell more.
    """
    content = b""
    with contextlib.suppress(OSError):
        content = read_regular_file(path)
    month, copy = _decoded(content), read_copy(path, path.parents[2])
    if month and has_checksum_of_content(content):
        if copy is None:
            _repair(path, content)
        return month
    # Earlier versions wrote neither a checksum nor a copy.
    if copied := _decoded(copy or b""):
        _log.error("public page: %s was damaged or changed, and is restored from its copy", path)
        _repair(path, copy or b"")
        return copied
    if month and b'"crc32"' not in content:
        _repair(path, with_checksum(content))
        return month
    _log.error("public page: %s is damaged and left out; restore it from a backup", path)
    return None


def _repair(path: Path, content: bytes) -> None:
    """Write a file and its copy, where the disk can be written; else the next reader does."""
    with contextlib.suppress(OSError):
        if path.is_dir():
            path.rmdir()
        replace_with_copy(path, content, path.parents[2])


def _decoded(content: bytes) -> PublishedMonth | None:
    try:
        return msgspec.json.decode(content, type=PublishedMonth)
    except (msgspec.DecodeError, ValueError):
        return None


def is_published(path: Path) -> bool:
    return path.exists() or copy_path(path, path.parents[2]).exists()


def _group_sizes(rows: list[ChartRow], dimension: str) -> dict[str | None, int]:
    return {row["value"]: row["instances"] for row in rows if row["dimension"] == dimension}


def vocabularies(catalogue: Catalogue) -> Mapping[str, frozenset[str]]:
    """Dimension → its words, without `other`."""
    kinds = {
        name: property_.kind
        for event in catalogue.events.values()
        for name, property_ in {**catalogue.common, **event.properties}.items()
        if name in DIMENSIONS
    }
    built_in = {name: frozenset(getattr(kinds[name], "words", ())) - {OTHER} for name in DIMENSIONS if name in kinds}
    return built_in | {word.dimension: word.words for word in own_words(catalogue)}


def first_of_next_month(start: datetime) -> datetime:
    return (start.replace(day=1) + timedelta(days=32)).replace(day=1)


def write_month(path: Path, month: PublishedMonth) -> None:
    """Write a month that is not published. Raises OSError."""
    make_directory(path.parent)
    replace_with_copy(path, with_checksum(msgspec.json.encode(month)), path.parents[2])
