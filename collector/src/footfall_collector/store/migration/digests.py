"""What two engines must agree on before a copy counts as one: how many events there are, and the sum of their hashes.

Of each event the first eight bytes of the MD5 of all its values are taken as a number, and the numbers added up without
carry: both engines compute it where the rows are, in any order, and one bit of one value changes it. MD5 is there
because DuckDB and every ClickHouse have it; nobody is to be kept out, only mistakes are to be found.
"""

from collections.abc import Mapping
from typing import NamedTuple

SEPARATOR = "|"
WRAP = 1 << 64


class Part(NamedTuple):
    """The unit that is compared and copied: a product's events of one UTC day (by `ts`)."""

    product: str
    day: int


class Digest(NamedTuple):
    """Of some events: how many, and the sum of their hashes modulo 2^64."""

    rows: int
    total: int


class Key(NamedTuple):
    """What tells two events of a product apart: a UUID may come again with another time, and is another event then."""

    uuid: str
    sent: int


def hashed(columns: Mapping[str, str]) -> list[str]:
    """The columns whose values are hashed, in their order: all but `load`, which each store numbers for itself."""
    return sorted(name for name in columns if name != "load")


def duckdb_hash(columns: Mapping[str, str]) -> str:
    """The hash of one row as SQL of DuckDB. `columns` are name to DuckDB type, as `schema.columns_of` gives them."""
    texts = [_duckdb_text(name, columns[name]) for name in hashed(columns)]
    return f"md5_number_upper(concat_ws('{SEPARATOR}', {', '.join(texts)}))"


def _duckdb_text(name: str, type_: str) -> str:
    if type_ == "BOOLEAN":
        return f"coalesce({name}::TINYINT::VARCHAR, '')"
    if type_ == "DOUBLE":
        # The bits: the engines write the same number in different ways.
        return f"coalesce({name}::BIT::UBIGINT::VARCHAR, '')"
    # No admitted text is empty, so '' can stand for none.
    return f"coalesce({name}::VARCHAR, '')"


def clickhouse_hash(columns: Mapping[str, str]) -> str:
    """The same as SQL of ClickHouse, from 18.16 on."""
    texts = f", '{SEPARATOR}', ".join(_clickhouse_text(name, columns[name]) for name in hashed(columns))
    return f"reinterpretAsUInt64(substring(MD5(concat({texts})), 1, 8))"


def _clickhouse_text(name: str, type_: str) -> str:
    """What an event doesn't carry is NaN, -1 or '' there."""
    if type_ == "DOUBLE":
        return f"if(isNaN({name}), '', toString(reinterpretAsUInt64(reinterpretAsString({name}))))"
    if type_ == "BOOLEAN":
        return f"if({name} < 0, '', toString({name}))"
    return f"toString({name})"
