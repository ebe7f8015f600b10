"""Calls and errors by day, by what they carry, by what their instance is, and by cluster; the same without clusters."""

from collections.abc import Iterable
from typing import NamedTuple

NO_VALUE = ""
"""The value of a property that the events do not carry."""
MIN_CALLS = 30
"""A value of fewer calls is not distinguished."""
CellKey = tuple[int | str, ...]


class CallCell(NamedTuple):
    """The calls that are alike in everything that the analysis distinguishes.

    Attributes:
        day: days since 1970, UTC.
        cluster: calls of one cluster depend on each other; an instance.
        client_version: client and version, such as `cursor 1.2.0`, where the instance saw it connect on that day.
        k8s_version: `1.29`, as the instance's latest start says it on that day.
        deployment: the same of how it is deployed.
        sides: of two segments that are compared, a bit for each that has the calls.
    """

    day: int
    version: str
    tool: str
    client: str
    provider: str
    cluster: str
    calls: int
    errors: int
    client_version: str = NO_VALUE
    k8s_version: str = NO_VALUE
    deployment: str = NO_VALUE
    sides: int = 0

    @property
    def key(self) -> CellKey:
        """Everything but the cluster and the numbers."""
        return self[:5] + self[8:]


class RateCell:
    """The calls of all clusters that are alike otherwise, and the errors that are expected of them."""

    __slots__ = (
        "calls",
        "client",
        "client_version",
        "day",
        "deployment",
        "errors",
        "expected",
        "k8s_version",
        "provider",
        "sides",
        "tool",
        "version",
    )

    def __init__(self, cell: CallCell) -> None:
        self.day, self.version, self.tool, self.client, self.provider = cell[:5]
        self.client_version, self.k8s_version, self.deployment, self.sides = cell[8:]
        self.calls = self.errors = 0
        self.expected = 0.0


def rate_cells(cells: Iterable[CallCell]) -> tuple[list[RateCell], list[RateCell]]:
    """The cells without their clusters, and for each of the given cells the one that it is part of."""
    sums: dict[CellKey, RateCell] = {}
    parts = []
    for cell in cells:
        key = cell.key
        rate = sums.get(key)
        if rate is None:
            rate = sums[key] = RateCell(cell)
        rate.calls += cell.calls
        rate.errors += cell.errors
        parts.append(rate)
    return list(sums.values()), parts
