"""What each instance has on either side, by what its calls carry and by what it is."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from zlib import crc32

from ...statistics import NO_VALUE, CallCell
from ..explanation import FindingKind
from ..sides import ComparedSides
from .search import CountRow

KINDS: tuple[FindingKind, ...] = (
    "tool",
    "client",
    "provider",
    "version",
    "client_version",
    "k8s_version",
    "deployment",
    "day",
)
"""The properties by which numbers are broken down, in the order in which one is named of those that are alike."""
STATES: tuple[FindingKind, ...] = ("version", "client_version", "k8s_version", "deployment")
"""What an instance is, and not a call; the version of a client is for each client."""
OF_INSTANCES = tuple(kind for kind in KINDS if kind not in {"tool", "day"})
"""Those of the number of instances: an instance has many tools and days."""

MAX_LONE, LONE_SHARE, LEAST_CHANGE, LEAST_INSTANCES = 5, 0.2, 0.05, 10
"""So many instances are left out, each with such a share of a difference of such a size, of so many instances."""


class StateKey(NamedTuple):
    """A property of an instance."""

    cluster: str
    kind: str
    client: str = ""


class _SidedCell(NamedTuple):
    cell: CallCell
    period: int
    """0 for the first side, and for the second one of 1 or more."""


def call_rows(cells: Iterable[CallCell], compared: ComparedSides) -> list[CountRow]:
    """The calls, of instances as they are now (`_present_states`)."""
    sided = list(_sided(cells, compared))
    states = _present_states(_frequent_states(sided))
    sums: defaultdict[tuple[str, tuple[str, ...]], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for cell, period in sided:
        values = {"day": str(compared.day_of(cell.day, period))}
        values |= {kind: states[_state_key(cell, kind), period] for kind in STATES}
        key = tuple(values[kind] if kind in values else str(getattr(cell, kind)) for kind in KINDS)
        sums[cell.cluster, key][period > 0] += cell.calls / (compared.earlier if period else 1)
    return [CountRow(*key, *numbers) for key, numbers in sums.items()]


def instance_rows(cells: Iterable[CallCell], compared: ComparedSides, lasting: Collection[str]) -> list[CountRow]:
    """Each of the lasting instances as one, with the values that most of its calls have; a part of it a period."""
    calls: defaultdict[tuple[StateKey, int], Counter[str]] = defaultdict(Counter)
    for cell, period in _sided(cells, compared):
        if cell.cluster in lasting:
            for kind in OF_INSTANCES:
                calls[StateKey(cell.cluster, kind), period][str(getattr(cell, kind))] += cell.calls
    states = _present_states(_most_frequent(calls))
    return [
        CountRow(
            cluster,
            tuple(states.get((StateKey(cluster, kind), period), NO_VALUE) for kind in KINDS),
            float(period == 0),
            period and 1 / compared.earlier,
        )
        for cluster, period in dict.fromkeys((key.cluster, period) for key, period in states)
    ]


def _sided(cells: Iterable[CallCell], compared: ComparedSides) -> Iterator[_SidedCell]:
    """The cells of each side; one that both have twice."""
    of_first, of_second = compared.chosen
    for cell in cells:
        if of_first(cell):
            yield _SidedCell(cell, 0)
        if of_second(cell):
            yield _SidedCell(cell, compared.period_of(cell.day))


def _state_key(cell: CallCell, kind: str) -> StateKey:
    return StateKey(cell.cluster, kind, cell.client if kind == "client_version" else "")


def _frequent_states(sided: Iterable[_SidedCell]) -> dict[tuple[StateKey, int], str]:
    """What each instance was in each period, by most of its calls."""
    counts: defaultdict[tuple[StateKey, int], Counter[str]] = defaultdict(Counter)
    for cell, period in sided:
        for kind in STATES:
            counts[_state_key(cell, kind), period][str(getattr(cell, kind))] += cell.calls
    return _most_frequent(counts)


def _most_frequent(counts: Mapping[tuple[StateKey, int], Counter[str]]) -> dict[tuple[StateKey, int], str]:
    return {key: values.most_common(1)[0][0] for key, values in counts.items()}


def _present_states(own: Mapping[tuple[StateKey, int], str]) -> dict[tuple[StateKey, int], str]:
    """What instances are on the first side, in whatever period: an upgrade is no difference of numbers.

    One that is not there any more is what one that was like it, and stayed, is now: those that come run what is new,
    and those that go ran what was new in their time, so that each release would seem to bring instances.
    """
    present = {key: value for (key, period), value in own.items() if not period}
    alike: defaultdict[tuple[str, int, str], list[str]] = defaultdict(list)
    for (key, period), value in sorted(own.items()):
        if period and key in present:
            alike[key.kind, period, value].append(present[key])
    return {
        (key, period): present[key]
        if key in present
        else _one_of(alike.get((key.kind, period, value)) or [value], key.cluster)
        for (key, period), value in own.items()
    }


def _one_of(values: Sequence[str], cluster: str) -> str:
    """Always the same for an instance."""
    return values[crc32(cluster.encode()) % len(values)]


def scaled(rows: Iterable[CountRow], factors: tuple[float, float]) -> list[CountRow]:
    """The rows of a sample as those of all: each side's numbers times its factor."""
    return [row._replace(now=row.now * factors[0], before=row.before * factors[1]) for row in rows]


def without_lone(rows: list[CountRow]) -> tuple[list[CountRow], list[float]]:
    """The rows without instances of which each makes much of the difference alone, and what each of those adds."""
    alone: list[float] = []
    while len(alone) < MAX_LONE:
        changes: defaultdict[str, float] = defaultdict(float)
        for row in rows:
            changes[row.cluster] += row.now - row.before
        whole, before = sum(changes.values()), sum(row.before for row in rows)
        if len(changes) < LEAST_INSTANCES or abs(whole) < LEAST_CHANGE * before:
            break
        lone = max(changes, key=lambda each: (changes[each] / whole, each))
        if changes[lone] / whole < LONE_SHARE:
            break
        alone.append(changes[lone])
        rows = [row for row in rows if row.cluster != lone]
    return rows, alone
