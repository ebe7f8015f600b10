"""Calls and errors by day, version, tool, client, provider and cluster, and the same without the clusters."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from footfall.catalogue import OTHER

NO_VALUE = ""
"""The value of a property that the events do not carry."""
MAX_CELLS, MAX_TOOLS, MAX_VALUES, MAX_DAYS = 15_000, 30, 10, 62
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

    `versions` keep their names; others are no version.
    """
    listed, kept = list(cells), frozenset(versions)
    tools = _frequent(((cell.tool, cell.calls) for cell in listed), MAX_TOOLS)
    clients = _frequent(((cell.client, cell.calls) for cell in listed), MAX_VALUES)
    providers = _frequent(((cell.provider, cell.calls) for cell in listed), MAX_VALUES)
    first = min((cell.day for cell in listed), default=0)
    days = max((cell.day for cell in listed), default=0) - first + 1
    merged: list[CallCell] = []
    for width in range(math.ceil(days / MAX_DAYS), 8):
        sums: defaultdict[tuple[int, str, str, str, str, str], list[int]] = defaultdict(lambda: [0, 0])
        for day, version, tool, client, provider, cluster, calls, errors in listed:
            pair = sums[
                first + (day - first) // width * width,
                version if version in kept else NO_VALUE,
                tool if tool in tools else OTHER,
                client if client in clients else OTHER,
                provider if provider in providers else OTHER,
                cluster,
            ]
            pair[0] += calls
            pair[1] += errors
        merged = [CallCell(*key, calls, errors) for key, (calls, errors) in sums.items()]
        if len(merged) <= limit:
            break
    return merged


def _frequent(counts: Iterable[tuple[str, int]], limit: int) -> frozenset[str]:
    """The values of most calls, of those with at least `MIN_CALLS`."""
    sums: defaultdict[str, int] = defaultdict(int)
    for value, calls in counts:
        sums[value] += calls
    ranked = sorted(sums, key=lambda value: (-sums[value], value))[:limit]
    return frozenset(value for value in ranked if sums[value] >= MIN_CALLS or value == NO_VALUE)
