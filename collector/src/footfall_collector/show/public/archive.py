"""Published months, each in a file that is written once and never again: DATA/public/<product>/<month>.json."""

import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from footfall.catalogue import OTHER, Catalogue

from ...answer import Answers, Filters
from ..insight import Record, records
from .small_groups import Month, published

CLOSED_AFTER = timedelta(days=7)
"""How long after its end a month is closed: what arrives later is in nobody's publication."""
DIMENSIONS = ("ai_provider", "mcp_client", "transport", "deployment_method")
"""Properties with a closed vocabulary. Tool names and versions are not: a product chooses them."""


class Archive:
    """The months of all products that are published. Safe to use from many threads."""

    def __init__(self, directory: Path, answers: Answers, retention_days: int) -> None:
        self._directory, self._answers = directory, answers
        self._retention = timedelta(days=retention_days)
        self._lock = threading.Lock()

    def months(self, product: str, now: datetime) -> list[Month]:
        """Every published month that says something, the oldest first; closed ones that are new are published now."""
        with self._lock:
            for start in self._closed(product, now):
                if not self._path(product, start).exists():
                    self._publish(product, start)
            paths = sorted(self._path(product, now).parent.glob("????-??.json"))
        found = [msgspec.json.decode(path.read_bytes(), type=Month) for path in paths]
        return [month for month in found if month.instances is not None]

    def _closed(self, product: str, now: datetime) -> list[datetime]:
        """The first days of closed months that are still whole in the store."""
        everything = Filters(product, now - self._retention, now)
        days = [str(row["day"]) for row in records(self._answers.chart("events", everything))]
        if not days:
            return []
        start = datetime.fromisoformat(f"{min(days)[:7]}-01").replace(tzinfo=UTC)
        if start < now - self._retention:
            start = following(start)
        found = []
        while following(start) + CLOSED_AFTER <= now:
            found.append(start)
            start = following(start)
        return found

    def _publish(self, product: str, start: datetime) -> None:
        filters = Filters(product, start, following(start))
        rows = records(self._answers.public(filters))
        calls = records(self._answers.summary(filters))[0]["calls"]
        groups = {name: _groups(rows, name) for name in DIMENSIONS}
        instances = next(row["instances"] for row in rows if row["dimension"] is None)
        words = vocabularies(self._answers.catalogues[product])
        month = published(product, f"{start:%Y-%m}", (instances, calls), groups, words)
        _write_once(self._path(product, start), msgspec.json.encode(month))

    def _path(self, product: str, start: datetime) -> Path:
        return self._directory / product / f"{start:%Y-%m}.json"


def _groups(rows: list[Record], dimension: str) -> dict[str | None, int]:
    return {row["value"]: row["instances"] for row in rows if row["dimension"] == dimension}


def vocabularies(catalogue: Catalogue) -> Mapping[str, frozenset[str]]:
    """The words of each dimension; `other` is none of them."""
    kinds = {
        name: property_.kind
        for event in catalogue.events.values()
        for name, property_ in {**catalogue.common, **event.properties}.items()
        if name in DIMENSIONS
    }
    return {name: frozenset(getattr(kinds[name], "words", ())) - {OTHER} for name in DIMENSIONS if name in kinds}


def following(start: datetime) -> datetime:
    """The first day of the next month."""
    return (start.replace(day=1) + timedelta(days=32)).replace(day=1)


def _write_once(path: Path, content: bytes) -> None:
    """Whole or not at all, and never over an earlier one. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    scratch = path.with_suffix(f".{os.getpid()}")
    scratch.write_bytes(content)
    if path.exists():  # only this process writes here, and one thread at a time
        scratch.unlink()
    else:
        os.replace(scratch, path)
