"""The source of the copy: a DuckDB store's months, digests and rows."""

from collections.abc import Iterator

from ..duckdb import DatabaseFiles, column_types, stored_columns
from ..periods import DAY_SECONDS
from .digests import WRAP, EventKey, ProductDay, RowsDigest, duckdb_hash, hashed_columns

EventRow = tuple[object, ...]
CHUNK_ROWS = 20_000
"""Rows in one insert: a few MiB, so that neither side holds a whole day in memory."""


class DuckSource:
    """The raw events of attached files.

    `types` are name to type of the columns, retired properties included; `columns` are the names of a row's values, in
    their order.
    """

    def __init__(self, files: DatabaseFiles) -> None:
        self._files = files
        self.types = stored_columns(files)
        self.columns = hashed_columns(self.types)
        self._uuid, self._sent = self.columns.index("uuid"), self.columns.index("sent")

    @property
    def months(self) -> list[str]:
        """Names of the months, oldest first."""
        return sorted(self._files.months)

    def digests(self, month: str) -> dict[ProductDay, RowsDigest]:
        """The digest of each product and day of a month."""
        hash_ = duckdb_hash(self.types)
        rows = self._files.writer.execute(
            f"SELECT product, ts // {DAY_SECONDS}, count(*), sum({hash_}) % {WRAP} "  # noqa: S608 - our own words
            f"FROM {self._table(month)} GROUP BY ALL"
        ).fetchall()
        return {ProductDay(product, int(day)): RowsDigest(n, int(total)) for product, day, n, total in rows}

    def hashes(self, month: str, product_day: ProductDay) -> dict[EventKey, int]:
        """The hash of every event of a product's day."""
        hash_ = duckdb_hash(self.types)
        rows = self._files.writer.execute(
            f"SELECT uuid::VARCHAR, sent, {hash_} FROM {self._table(month)} {_WHERE}",  # noqa: S608 - our own words
            product_day._asdict(),
        ).fetchall()
        return {EventKey(uuid, sent): number for uuid, sent, number in rows}

    def chunks(self, month: str, product_day: ProductDay) -> Iterator[list[EventRow]]:
        """The rows of a product's day in a fixed order, at most `CHUNK_ROWS` at a time; UUIDs as `uuid.UUID`."""
        columns = ", ".join(self.columns)
        cursor = self._files.writer.cursor()
        try:
            cursor.execute(
                f"SELECT {columns} FROM {self._table(month)} {_WHERE} ORDER BY ts, uuid",  # noqa: S608 - our own words
                product_day._asdict(),
            )
            while rows := cursor.fetchmany(CHUNK_ROWS):
                yield rows
        finally:
            cursor.close()

    def key_of(self, row: EventRow) -> EventKey:
        sent = row[self._sent]
        assert isinstance(sent, int)
        return EventKey(str(row[self._uuid]), sent)

    def _table(self, month: str) -> str:
        """A month's events with all columns of `types`."""
        events = self._files.months[month].events
        present = column_types(self._files.writer, events)
        absent = "".join(f", NULL::{type_} AS {name}" for name, type_ in self.types.items() if name not in present)
        return f"(SELECT *{absent} FROM {events})"  # noqa: S608 - our own words


_WHERE = f"WHERE product = $product AND ts >= $day * {DAY_SECONDS} AND ts < ($day + 1) * {DAY_SECONDS}"
