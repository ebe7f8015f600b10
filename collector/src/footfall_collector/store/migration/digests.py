"""The digest that both engines must agree on: the number of events and the sum of their hashes.

An event's hash is the first eight bytes of the MD5 of all its values, as a number; the sum is taken modulo 2^64. Both
engines compute it where the rows are, in any order, and one changed bit of one value changes it. MD5 because DuckDB and
every ClickHouse have it: the digest finds mistakes, it doesn't keep anyone out.
"""

from collections.abc import Mapping
from typing import NamedTuple

SEPARATOR = "|"
WRAP = 1 << 64


class ProductDay(NamedTuple):
    """The unit of copying and comparing: a product's events of one UTC day, by `ts`."""

    product: str
    day: int


class RowsDigest(NamedTuple):
    """The number of some events, and the sum of their hashes modulo 2^64."""

    rows: int
    total: int


class EventKey(NamedTuple):
    """Identifies an event of a product. A UUID with another time, outside the dedupe window, is another event."""

    uuid: str
    sent: int


def hashed_columns(columns: Mapping[str, str]) -> list[str]:
    """The columns that are hashed, in their order: all but `load`, which each store numbers in its own way."""
    return sorted(name for name in columns if name != "load")


def duckdb_hash(columns: Mapping[str, str]) -> str:
    """DuckDB's SQL for the hash of a row. `columns` are name to DuckDB type, from `store.columns.event_columns`."""
    texts = [_duckdb_text(name, columns[name]) for name in hashed_columns(columns)]
    return f"md5_number_upper(concat_ws('{SEPARATOR}', {', '.join(texts)}))"


def _duckdb_text(name: str, type_: str) -> str:
    if type_ == "BOOLEAN":
        return f"coalesce({name}::TINYINT::VARCHAR, '')"
    if type_ == "DOUBLE":
        # The bits, because the engines write the same number in different ways.
        return f"coalesce({name}::BIT::UBIGINT::VARCHAR, '')"
    # No admitted text is empty, so '' can stand for an absent value.
    return f"coalesce({name}::VARCHAR, '')"


def clickhouse_hash(columns: Mapping[str, str]) -> str:
    """ClickHouse's SQL for the same hash, from version 18.16 on."""
    texts = f", '{SEPARATOR}', ".join(_clickhouse_text(name, columns[name]) for name in hashed_columns(columns))
    return f"reinterpretAsUInt64(substring(MD5(concat({texts})), 1, 8))"


def _clickhouse_text(name: str, type_: str) -> str:
    """An absent value is NaN, -1 or '' in ClickHouse."""
    if type_ == "DOUBLE":
        return f"if(isNaN({name}), '', toString(reinterpretAsUInt64(reinterpretAsString({name}))))"
    if type_ == "BOOLEAN":
        return f"if({name} < 0, '', toString({name}))"
    return f"toString({name})"
