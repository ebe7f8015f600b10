"""Names and DDL of the store's tables, on a single server and on a cluster.

On a cluster `events` and the roll-ups are `ReplicatedReplacingMergeTree` tables named `…_local`, sharded by instance,
under a `Distributed` table of the plain name: all events of an instance, and all attempts to send them, reach the same
shard, and an instance's presence is on one shard. The small tables that say which rows are valid are replicated to
every server. The servers' configuration must define the macros `shard` and `replica`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ..rollups import ROLLUPS_BY_NAME, RollupTable
from .connection import FIRST_MODERN, ServerVersion

EVENTS, TRASH = "events", "trash"
EVENT_TABLES = (EVENTS, TRASH)
"""Tables of raw events: those in charts, and the months that retention removed and that can be taken back."""
TEXT, FLAG, AMOUNT = "VARCHAR", "BOOLEAN", "DOUBLE"

_EVENT_TYPES = {
    "load": "UInt64", "product": TEXT, "uuid": "UUID", "event": TEXT, "ts": "Int64", "sent": "Int64",
    "instance": "UInt64", "instance_kind": TEXT,
}  # fmt: skip
_ROLLUP_TYPES = {
    "VARCHAR": TEXT, "DOUBLE": "Float64", "BOOLEAN": "UInt8", "UBIGINT": "UInt64", "INTEGER": "UInt16",
    "BIGINT": "Int64",
}  # fmt: skip
SHARED_TABLES: dict[str, tuple[dict[str, str], str, str]] = {
    # name: columns, sorting key, partition
    "meta": ({"name": "String", "value": "String"}, "(name, value)", ""),
    "batches": (
        {
            "batch": "UInt64", "collector": "UInt64", "level": "UInt8", "shelf": "UInt64", "since": "UInt64",
            "upto": "UInt64", "replaces": "Array(UInt64)", "takes": "String", "without": "Array(String)",
        },
        "batch",
        "shelf",
    ),
    "tombstones": (
        {"mark": "String", "pending": "UInt8", "changed": "UInt64", "deleted": "String"}, "(mark, changed)", "",
    ),
    "repeated": ({"load": "UInt64", "uuid": "UUID"}, "(load, uuid)", ""),
}  # fmt: skip


@dataclass(frozen=True)
class TableLayout:
    """Names, columns and DDL of a store's tables.

    `events` are the raw events' columns, name to DuckDB type. `has_repeated` is False where no event is noted as
    repeated: queries over raw events then need not read the load and the UUID of each.
    """

    database: str
    cluster: str
    version: ServerVersion
    events: Mapping[str, str]
    has_repeated: bool = True

    @property
    def modern(self) -> bool:
        """Whether the server has the features named at `FIRST_MODERN`."""
        return self.version >= FIRST_MODERN

    @property
    def on_cluster(self) -> str:
        """The clause that runs DDL on all servers."""
        return f" ON CLUSTER `{self.cluster}`" if self.cluster else ""

    def table(self, name: str) -> str:
        """The table to read from and insert into."""
        return f"`{self.database}`.{name}"

    def local(self, name: str) -> str:
        """The table that holds the rows, for ALTER."""
        return self.table(self.local_name(name))

    def local_name(self, name: str) -> str:
        """`local` without the database."""
        return f"{name}_local" if self.cluster and name not in SHARED_TABLES else name

    def names(self) -> tuple[str, ...]:
        """The plain names of all tables."""
        return (*SHARED_TABLES, *EVENT_TABLES, *ROLLUPS_BY_NAME)

    def columns(self, name: str) -> dict[str, str]:
        """Name to ClickHouse type of a table's columns."""
        if name in SHARED_TABLES:
            return SHARED_TABLES[name][0]
        if name in EVENT_TABLES:
            fixed = {column: self._type(type_) for column, type_ in _EVENT_TYPES.items()}
            others = {column: self._type(type_) for column, type_ in self.events.items() if column not in fixed}
            return {**fixed, "day": "UInt16", **others}
        return self._rollup_columns(ROLLUPS_BY_NAME[name])

    def _rollup_columns(self, rollup: RollupTable) -> dict[str, str]:
        columns = {name: self._type(_ROLLUP_TYPES[type_]) for name, type_ in rollup.columns().items()}
        if rollup.is_presence:
            columns["mask"] = "UInt64"
        return {"shelf": "UInt64", "batch": "UInt64", **columns}

    def _type(self, type_: str) -> str:
        if type_ == TEXT:
            return "LowCardinality(String)" if self.modern else "String"
        # An absent value is '', -1 or NaN, so that no comparison meets a NULL.
        return {FLAG: "Int8", AMOUNT: "Float64"}.get(type_, type_)

    def create(self, name: str) -> list[str]:
        """The statements that create a table, the one that holds the rows first."""
        columns = ", ".join(f"{column} {_column(type_)}" for column, type_ in self.columns(name).items())
        local = f"CREATE TABLE IF NOT EXISTS {self.local(name)}{self.on_cluster} ({columns}{self._indices(name)}) "
        local += f"ENGINE = {self._engine(name)}{self._order(name)}{self._settings()}"
        if not self.cluster or name in SHARED_TABLES:
            return [local]
        key = "instance" if name in EVENT_TABLES or ROLLUPS_BY_NAME[name].is_presence else "cityHash64(product, day)"
        engine = f"Distributed(`{self.cluster}`, `{self.database}`, {self.local_name(name)}, {key})"
        return [local, f"CREATE TABLE IF NOT EXISTS {self.table(name)}{self.on_cluster} ({columns}) ENGINE = {engine}"]

    def add_column(self, name: str, column: str, type_: str) -> list[str]:
        """The statements that add a missing column of a ClickHouse type to a table."""
        type_ = _column(type_)
        tables = dict.fromkeys((self.local(name), self.table(name)))
        return [f"ALTER TABLE {table}{self.on_cluster} ADD COLUMN {column} {type_}" for table in tables]

    def _indices(self, name: str) -> str:
        if name not in EVENT_TABLES or not self.modern:
            return ""
        return "".join(f", INDEX by_{column} {column} TYPE minmax GRANULARITY 1" for column in ("load", "sent"))

    def _engine(self, name: str) -> str:
        if not self.cluster:
            return "ReplacingMergeTree()"
        shard, replica = ("all", "{shard}-{replica}") if name in SHARED_TABLES else ("{shard}", "{replica}")
        path = f"/clickhouse/tables/{shard}/{self.database}/{self.local_name(name)}"
        return f"ReplicatedReplacingMergeTree('{path}', '{replica}')"

    def _order(self, name: str) -> str:
        if name in SHARED_TABLES:
            _, order, partition = SHARED_TABLES[name]
        elif name in EVENT_TABLES:
            # Rows of different loads are different rows: which one is left out must not depend on a merge.
            order, partition = "(product, day, sent, uuid, load)", "toYYYYMM(toDate(day))"
        else:
            rollup = ROLLUPS_BY_NAME[name]
            rest = (key for key in rollup.keys if key not in ("product", rollup.period))
            order, partition = f"({', '.join(('product', rollup.period, *rest, 'batch'))})", "shelf"
        return f"{f' PARTITION BY {partition}' if partition else ''} ORDER BY {order}"

    def _settings(self) -> str:
        # Bytes of what was deleted go after half a minute; a part is on disk before its insert counts.
        synced = ", fsync_after_insert = 1, fsync_part_directory = 1" if self.modern else ""
        return f" SETTINGS index_granularity = 8192, old_parts_lifetime = 30{synced}"


def _column(type_: str) -> str:
    """A column's type with its default, the value for an absent property."""
    return f"{type_}{ {'Int8': ' DEFAULT -1', 'Float64': ' DEFAULT nan'}.get(type_, '') }"
