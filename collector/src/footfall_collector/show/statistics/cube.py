"""Calls and errors by day, version, tool, client, provider and cluster, and the same without the clusters."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from footfall.catalogue import OTHER

NO_VALUE = ""
"""The value of a property that the events do not carry."""
MAX_CELLS, MAX_TOOLS, MAX_VALUES, MAX_DAYS = 15_000, 30, 10, 62
CROWDED_TOOLS, CROWDED_VALUES = 12, 5
"""The same where there are several times as many cells."""
MIN_CALLS = 30
"""A value of fewer calls is not distinguished."""


class CallCell(NamedTuple):
    """The calls that are alike in everything that the analysis distinguishes.

    Attributes:
        day: days since 1970, UTC.
        cluster: calls of one cluster depend on each other; an instance, or what comes next to it.
    """

    day: int
    version: str
    tool: str
    client: str
    provider: str
    cluster: str
    calls: int
    errors: int


class RateCell:
    """The calls of all clusters that are alike otherwise, and the errors that are expected of them."""

    __slots__ = ("calls", "client", "day", "errors", "expected", "provider", "tool", "version")

    def __init__(self, day: int, version: str, tool: str, client: str, provider: str) -> None:
        self.day, self.version, self.tool, self.client, self.provider = day, version, tool, client, provider
        self.calls = self.errors = 0
        self.expected = 0.0


def rate_cells(cells: Iterable[CallCell]) -> list[RateCell]:
    """The cells without their clusters."""
    sums: dict[tuple[int, str, str, str, str], RateCell] = {}
    for cell in cells:
        key = cell[:5]
        rate = sums.get(key)
        if rate is None:
            rate = sums[key] = RateCell(*key)
        rate.calls += cell.calls
        rate.errors += cell.errors
    return list(sums.values())


def coarsen(cells: Iterable[CallCell], versions: Sequence[str], limit: int = MAX_CELLS) -> list[CallCell]:
    """The cells with rare values as `other`, and days in groups, so that hardly more than `limit` are left.

    `versions` keep their names; others are no version. Many cells are passed twice only: they may be a million.
    """
    listed, kept = list(cells), frozenset(versions)
    max_tools, max_values = (MAX_TOOLS, MAX_VALUES) if len(listed) <= 4 * limit else (CROWDED_TOOLS, CROWDED_VALUES)
    tools: defaultdict[str, int] = defaultdict(int)
    clients: defaultdict[str, int] = defaultdict(int)
    providers: defaultdict[str, int] = defaultdict(int)
    for _, _, tool, client, provider, _, calls, _ in listed:
        tools[tool] += calls
        clients[client] += calls
        providers[provider] += calls
    shown_tools, shown_clients, shown_providers = (
        _shown(tools, max_tools),
        _shown(clients, max_values),
        _shown(providers, max_values),
    )
    folded = _merged(
        CallCell(
            day,
            version if version in kept else NO_VALUE,
            shown_tools[tool],
            shown_clients[client],
            shown_providers[provider],
            cluster,
            calls,
            errors,
        )
        for day, version, tool, client, provider, cluster, calls, errors in listed
    )
    return _by_days(folded, limit)


def _by_days(cells: list[CallCell], limit: int) -> list[CallCell]:
    """The cells with so many days in one group, up to a week, that hardly more than `limit` are left."""
    first = min((cell.day for cell in cells), default=0)
    days = max((cell.day for cell in cells), default=0) - first + 1
    width = max(math.ceil(days / MAX_DAYS), min(7, math.ceil(len(cells) / limit)))
    if width == 1:
        return cells
    return _merged(cell._replace(day=first + (cell.day - first) // width * width) for cell in cells)


def _merged(cells: Iterable[CallCell]) -> list[CallCell]:
    sums: defaultdict[tuple[int, str, str, str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for cell in cells:
        pair = sums[cell[:6]]
        pair[0] += cell.calls
        pair[1] += cell.errors
    return [CallCell(*key, calls, errors) for key, (calls, errors) in sums.items()]


def _shown(calls: Mapping[str, int], limit: int) -> dict[str, str]:
    """Each value to itself where it is one of most calls, of those with at least `MIN_CALLS`, else to `other`."""
    ranked = sorted(calls, key=lambda value: (-calls[value], value))
    return {
        value: value if value == NO_VALUE or (rank < limit and calls[value] >= MIN_CALLS) else OTHER
        for rank, value in enumerate(ranked)
    }
