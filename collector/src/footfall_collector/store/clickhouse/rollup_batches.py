"""Rollups in batches: what is counted from some loads, once and for all, and valid from the moment it is published.

A roll-up writes the rows of a new batch into every rollup table, then one row into `batches`. Charts read the rows of
published batches only, so an attempt that ended in between leaves nothing that counts, whatever was sent twice: the
next attempt is another batch. Each collector rolls up its own loads, in their order.

Batches of one level stand on one shelf, which is a partition of every table. A full shelf is summed up into one batch
of the next level, whose publication replaces the shelf; a while later its partition is dropped. So charts read few
rows, and many small batches cost no rewriting of big ones.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..rollups import ROLLUPS, Rollup
from .connection import Connection
from .layout import Layout
from .load_state import BITS
from .relations import counted

FULL = 24
"""Batches on a shelf before they are summed up."""
_KEPT_MILLISECONDS = 60_000
"""How long a replaced shelf is kept for charts that began to read it."""
_RANDOM_BITS = 20
_COLUMNS = ("batch", "collector", "level", "shelf", "since", "upto", "replaces", "takes", "without")


@dataclass(frozen=True)
class Batch:
    """A published batch: it counts the loads after `since` up to `upto`.

    `replaces` are shelves that it stands for. `takes` names the deletion whose counts it takes away, if it does.
    `without` are the rows (`load:uuid`) that were known not to count when it was made, so it doesn't count them.
    """

    batch: int
    collector: int
    level: int
    shelf: int
    since: int
    upto: int
    replaces: tuple[int, ...] = ()
    takes: str = ""
    without: tuple[str, ...] = ()

    @property
    def made(self) -> int:
        """Epoch milliseconds."""
        return self.batch >> _RANDOM_BITS


def published(connection: Connection, layout: Layout) -> list[Batch]:
    """All batches of all collectors, replaced ones too."""
    rows = connection.execute(f"SELECT DISTINCT {', '.join(_COLUMNS)} FROM {layout.table('batches')} ORDER BY batch")  # noqa: S608 - our own words
    return [
        Batch(a, b, c, d, e, f, tuple(replaces), takes, tuple(without))
        for a, b, c, d, e, f, replaces, takes, without in rows
    ]


def active(batches: Sequence[Batch]) -> list[Batch]:
    """Those that are not replaced."""
    replaced = {shelf for batch in batches for shelf in batch.replaces}
    return [batch for batch in batches if batch.shelf not in replaced]


def covered(batches: Sequence[Batch]) -> list[tuple[int, int]]:
    """(first, last) load that active batches hold, for each collector."""
    upto: dict[int, int] = {}
    for batch in batches:
        upto[batch.collector] = max(batch.upto, upto.get(batch.collector, 0))
    return [(collector << BITS, last) for collector, last in sorted(upto.items())]


class Shelves:
    """Writes one collector's batches. Methods raise EngineError; `clock` gives epoch seconds."""

    def __init__(
        self, connection: Connection, layout: Layout, collector: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._connection, self._layout, self._collector, self._clock = connection, layout, collector, clock

    def own(self) -> list[Batch]:
        """The batches of this collector, replaced ones too."""
        return [batch for batch in published(self._connection, self._layout) if batch.collector == self._collector]

    def add(self, since: int, upto: int, step: Callable[[str], None]) -> int:
        """Count the loads after `since` up to `upto` and publish that; returns how many events they are."""
        made = self._count(self._new(0, since, upto))
        step("rolled up")
        self._publish(made)
        step("batch published")
        self.correct()
        source = f"FROM {self._layout.table('event_counts')} WHERE batch = {made.batch}"
        [[events]] = self._connection.execute(f"SELECT sum(n) {source}")
        return int(events)

    def _count(self, wanted: Batch) -> Batch:
        """Write a batch's rows from the events of its loads; the batch to publish."""
        where = [f"load > {wanted.since}", f"load <= {wanted.upto}"]
        repeated = self._repeated(wanted.since, wanted.upto)
        while True:
            made = replace(self._new(wanted.level, wanted.since, wanted.upto, wanted.replaces), without=repeated)
            self._fill(made, lambda rollup: counted(self._layout, rollup, where))
            # Another collector may have said meanwhile that one of these rows doesn't count: then once more.
            before, repeated = repeated, self._repeated(wanted.since, wanted.upto)
            if repeated == before:
                return made

    def _repeated(self, since: int, upto: int) -> tuple[str, ...]:
        """Rows (`load:uuid`) of some loads that don't count, because another collector loaded the same events."""
        rows = self._connection.execute(
            f"SELECT DISTINCT concat(toString(load), ':', toString(uuid)) AS row FROM {self._layout.table('repeated')} "  # noqa: S608 - our own words
            f"WHERE load > {since} AND load <= {upto} ORDER BY row"
        )
        return tuple(row for (row,) in rows)

    def correct(self) -> None:
        """Take away what the own batches count although another collector said that it doesn't; mostly nothing.

        The other one may have said so while a batch was being published, which it could not know yet. Only the
        batches' owner corrects them, so nothing is taken twice; the correction names its rows as it is published.
        """
        own = active(self.own())
        upto = max((batch.upto for batch in own), default=self._collector << BITS)
        known = {row for batch in own for row in batch.without}
        late = tuple(row for row in self._repeated(self._collector << BITS, upto) if row not in known)
        if late:
            made = replace(self._new(0, upto, upto), without=late)
            listed = ", ".join(f"'{row}'" for row in late)
            these = f"concat(toString(load), ':', toString(uuid)) IN ({listed})"
            loads = f"load IN ({', '.join(sorted({row.partition(':')[0] for row in late}))})"
            self._fill_less(made, lambda rollup: counted(self._layout, rollup, [loads, these], repeated=True))
            self._publish(made)

    def rebuild(self, upto: int, step: Callable[[str], None]) -> None:
        """Count all loads of this collector up to `upto` anew, in place of all its batches."""
        old = active(self.own())
        shelves = tuple(sorted({batch.shelf for batch in old}))
        level = max((batch.level for batch in old), default=0)
        made = self._count(Batch(0, self._collector, level, 0, self._collector << BITS, upto, shelves))
        step("fresh rollups")
        self._publish(made)
        self.correct()

    def take_away(self, name: str, rows: Callable[[Rollup], str]) -> None:
        """Publish a batch that takes counts away from the counters, once for a deletion's name."""
        own = active(self.own())
        if any(batch.takes == name for batch in published(self._connection, self._layout)):
            return
        upto = max((batch.upto for batch in own), default=self._collector << BITS)
        made = replace(self._new(0, upto, upto), takes=name)
        self._fill_less(made, rows)
        self._publish(made)

    def _fill_less(self, made: Batch, rows: Callable[[Rollup], str]) -> None:
        """Write a batch that takes counts away. Who was there on a day is no count: another row says it too."""
        for rollup in ROLLUPS:
            if not rollup.presence:
                values = ", ".join(f"negate({value}) AS less_{value}" for value in rollup.values)
                self.fill_one(made, rollup, f"SELECT {', '.join(rollup.keys)}, {values} FROM ({rows(rollup)})", "less_")  # noqa: S608 - our own words

    def sum_up(self, full: int = FULL) -> None:
        """Make one batch of each full shelf, lowest level first."""
        level = 0
        while level <= max((batch.level for batch in active(self.own())), default=-1):
            members = [batch for batch in active(self.own()) if batch.level == level]
            if len(members) >= full:
                self._merge(members)
            level += 1

    def _merge(self, members: Sequence[Batch]) -> None:
        since, upto = min(batch.since for batch in members), max(batch.upto for batch in members)
        shelves = tuple(sorted({batch.shelf for batch in members}))
        without = tuple(sorted({row for batch in members for row in batch.without}))
        made = replace(self._new(members[0].level + 1, since, upto, shelves), without=without)
        self._fill(made, lambda rollup: summed(self._layout, rollup, members))
        self._publish(made)

    def _new(self, level: int, since: int, upto: int, replaces: tuple[int, ...] = ()) -> Batch:
        number = int(self._clock() * 1000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
        shelf = [batch.shelf for batch in active(self.own()) if batch.level == level and batch.shelf not in replaces]
        return Batch(number, self._collector, level, shelf[0] if shelf else number, since, upto, replaces)

    def _fill(self, made: Batch, rows: Callable[[Rollup], str]) -> None:
        for rollup in ROLLUPS:
            self.fill_one(made, rollup, rows(rollup))

    def fill_one(self, made: Batch, rollup: Rollup, rows: str, prefix: str = "") -> None:
        """Write a batch's rows of one rollup; the names of their values may have a prefix."""
        columns = ", ".join(rollup.columns())
        given = ", ".join((*rollup.keys, *(prefix + name for name in rollup.values)))
        self._connection.execute(
            f"INSERT INTO {self._layout.table(rollup.name)} (shelf, batch, {columns}) "  # noqa: S608 - our own words
            f"SELECT toUInt64({made.shelf}) AS shelf, toUInt64({made.batch}) AS batch, {given} FROM ({rows})"
        )

    def _publish(self, made: Batch) -> None:
        columns = {name: [getattr(made, name)] for name in _COLUMNS}
        self._connection.insert(self._layout.table("batches"), columns)

    def drop_replaced(self) -> None:
        """Drop the shelves that were replaced a while ago."""
        batches = self.own()
        now = int(self._clock() * 1000)
        old = {shelf for batch in batches if now - batch.made > _KEPT_MILLISECONDS for shelf in batch.replaces}
        for shelf in sorted(old & {batch.shelf for batch in batches}):
            # The list goes last: until then the next attempt finds the shelf again.
            for name in (*(rollup.name for rollup in ROLLUPS), "batches"):
                self._connection.execute(
                    f"ALTER TABLE {self._layout.local(name)}{self._layout.on_cluster} DROP PARTITION {shelf}"
                )


def summed(layout: Layout, rollup: Rollup, members: Sequence[Batch], where: str = "1") -> str:
    """The rows of some batches put together."""
    keys = ", ".join(rollup.keys)
    how = "groupBitOr" if rollup.presence else "sum"
    sums = ", ".join(f"{how}({name}) AS {name}" for name in rollup.values)
    first = rollup.values[0]
    listed = ", ".join(str(batch.batch) for batch in members)
    # ClickHouse takes an alias for the column it is named after: the sum needs a query around it to be compared.
    inner = (
        f"SELECT {keys}, {sums} FROM {layout.table(rollup.name)} WHERE batch IN ({listed}) AND {where} GROUP BY {keys}"  # noqa: S608 - our own words
    )
    return f"SELECT * FROM ({inner}) WHERE {first} <> 0"  # noqa: S608 - our own words
