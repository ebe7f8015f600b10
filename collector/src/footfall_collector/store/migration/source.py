"""The DuckDB store that is copied: its months, what is in each, and its rows in chunks."""

from collections.abc import Iterator

from ..duckdb import Files
from ..periods import DAY
from .digests import WRAP, Digest, Key, Part, duckdb_hash, hashed

Row = tuple[object, ...]
CHUNK_ROWS = 20_000
"""Rows of one insert: a few MiB, so that neither side needs memory for a whole day."""


class Source:
    """Raw events of attached files. `columns` are the names of a row's values, in their order."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.columns = hashed(files.columns)
        self._uuid, self._sent = self.columns.index("uuid"), self.columns.index("sent")

    @property
    def months(self) -> list[str]:
        """Names of the months, oldest first."""
        return sorted(self._files.months)

    def left_behind(self) -> dict[str, list[str]]:
        """Of each month that has any: columns that no catalogue names any more."""
        found = {}
        for name in self.months:
            present = [row[0] for row in self._files.writer.execute(f"DESCRIBE {self._table(name)}").fetchall()]
            if extra := [column for column in present if column not in self._files.columns]:
                found[name] = extra
        return found

    def digests(self, month: str) -> dict[Part, Digest]:
        """Of every product and day of a month."""
        hash_ = duckdb_hash(self._files.columns)
        rows = self._files.writer.execute(
            f"SELECT product, ts // {DAY}, count(*), sum({hash_}) % {WRAP} "  # noqa: S608 - our own words
            f"FROM {self._table(month)} GROUP BY ALL"
        ).fetchall()
        return {Part(product, int(day)): Digest(n, int(total)) for product, day, n, total in rows}

    def hashes(self, month: str, part: Part) -> dict[Key, int]:
        """The hash of every event of a part."""
        hash_ = duckdb_hash(self._files.columns)
        rows = self._files.writer.execute(
            f"SELECT uuid::VARCHAR, sent, {hash_} FROM {self._table(month)} {_WHERE}",  # noqa: S608 - our own words
            part._asdict(),
        ).fetchall()
        return {Key(uuid, sent): number for uuid, sent, number in rows}

    def chunks(self, month: str, part: Part) -> Iterator[list[Row]]:
        """The rows of a part in a settled order, up to `CHUNK_ROWS` at a time; UUIDs as `uuid.UUID`."""
        columns = ", ".join(self.columns)
        cursor = self._files.writer.cursor()
        try:
            cursor.execute(
                f"SELECT {columns} FROM {self._table(month)} {_WHERE} ORDER BY ts, uuid",  # noqa: S608 - our own words
                part._asdict(),
            )
            while rows := cursor.fetchmany(CHUNK_ROWS):
                yield rows
        finally:
            cursor.close()

    def key_of(self, row: Row) -> Key:
        """What tells a row from others."""
        sent = row[self._sent]
        assert isinstance(sent, int)
        return Key(str(row[self._uuid]), sent)

    def _table(self, month: str) -> str:
        return self._files.months[month].events


_WHERE = f"WHERE product = $product AND ts >= $day * {DAY} AND ts < ($day + 1) * {DAY}"
