"""Reads the calls that the search for causes works on, and their durations."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ...answer import (
    CallSource,
    CallsOverview,
    DurationSample,
    Fold,
    days_of,
    duration_sample,
    version_key,
)
from .cube import MIN_CALLS, NO_VALUE, CallCell

MAX_CELLS, MAX_TOOLS, MAX_VALUES, MAX_DAYS = 30_000, 30, 10, 62
_TOOL_LIMIT = "tool"
_PARTS_OF_K8S_VERSION = 2


class TimedCell(NamedTuple):
    """Calls that are alike and took equally long; `cell` counts no errors."""

    cell: CallCell
    milliseconds: float


def read_call_cells(
    source: CallSource, versions: Collection[str], anchor: int | None = None
) -> tuple[list[CallCell], int]:
    """The calls of a range by instance, and the number of instances of which one is read.

    A large fleet's instances are a sample by their hash, so that hardly more than `MAX_CELLS` are read. `versions` keep
    their names; others are no version. Days are in groups where there are more than `MAX_DAYS`; one begins at `anchor`.
    """
    overview = source.overview()
    fold = _fold(source, versions, anchor, overview, max(1, -(-overview.size // MAX_CELLS)))
    return _with_frequent_values(_with_states(source, fold, source.cells(fold))), fold.one_in


def read_timed_cells(
    source: CallSource, versions: Collection[str], anchor: int | None = None
) -> tuple[list[TimedCell], DurationSample]:
    """The durations of the calls of a range, and of which instances and days they are.

    Raises EventsUnreadableError where raw events of the range can't be read. With an `anchor` the days of a sample are
    of one weekday, so that days are compared with the same ones of the weeks before.
    """
    overview = source.overview()
    calls = sum(number for _, number in overview.totals[_TOOL_LIMIT][:MAX_TOOLS])
    sample = duration_sample(source, calls, whole_weeks=anchor is not None)
    fold = _fold(source, versions, anchor, overview, sample.one_in)
    rows = replace(source, sample=sample).cells(fold)
    cells = _with_frequent_values(_with_states(source, fold, ((*row[:6], *row[7:]) for row in rows)))
    return [TimedCell(cell, float(row[6])) for cell, row in zip(cells, rows, strict=True)], sample


def _fold(
    source: CallSource,
    versions: Collection[str],
    anchor: int | None,
    overview: CallsOverview,
    one_in: int,
) -> Fold:
    first, last = days_of(source.filters)
    return Fold(
        versions,
        {
            name: _shown_values(values, MAX_TOOLS if name == _TOOL_LIMIT else MAX_VALUES, MIN_CALLS)
            for name, values in overview.totals.items()
        },
        first if anchor is None else anchor,
        _width(overview, last - first + 1),
        one_in,
    )


def _with_states(source: CallSource, fold: Fold, rows: Iterable[tuple[Any, ...]]) -> list[CallCell]:
    """The cells of some rows, each with what its instance was on that day."""
    kubernetes, deployments = (_states(source, name, fold) for name in ("k8s_version", "deployment_method"))
    minors = {at: ".".join(value.split("-")[0].split(".")[:2]) for at, value in kubernetes.items()}
    clients = _client_versions(source, fold)
    return [
        CallCell(
            day,
            version,
            tool,
            client,
            provider,
            str(instance),
            calls,
            errors,
            clients.get((instance, day, client), NO_VALUE),
            minors.get((instance, day), NO_VALUE),
            deployments.get((instance, day), NO_VALUE),
            sides,
        )
        for day, version, tool, client, provider, instance, sides, calls, errors in rows
    ]


def _shown_values(totals: Sequence[tuple[str, int]], limit: int, least: int) -> list[str]:
    """Of values with their calls those of most calls, each of `least` calls or more."""
    return [value for value, calls in totals[:limit] if value and calls >= least]


def _width(calls: CallsOverview, days: int) -> int:
    """Days in a group; a range of all times begins long before its first call."""
    return 1 if days <= MAX_DAYS else max(1, -(-(calls.last - calls.first + 1) // MAX_DAYS))


def _states(source: CallSource, name: str, fold: Fold) -> dict[tuple[int, int], str]:
    """(instance, first day of a group) → the state at its beginning."""
    return {
        (instance, day): value
        for instance, day, value in source.states(name, fold.one_in)
        if (day - fold.anchor) % fold.width == 0
    }


def _client_versions(source: CallSource, fold: Fold) -> dict[tuple[int, int, str], str]:
    """(instance, first day of a group, client) → client and version, the newest of those that connected."""
    newest: dict[tuple[int, int, str], str] = {}
    for instance, day, client, version in source.client_versions(fold.one_in):
        key = (instance, day - (day - fold.anchor) % fold.width, client)
        if key not in newest or version_key(version) > version_key(newest[key]):
            newest[key] = version
    return {key: f"{key[2]} {version}" for key, version in newest.items()}


def _with_frequent_values(cells: Sequence[CallCell]) -> list[CallCell]:
    """The cells with only those values of what an instance is that many calls have."""
    calls: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for cell in cells:
        calls["client_version"][cell.client_version] += cell.calls
        calls["k8s_version"][cell.k8s_version] += cell.calls
        calls["deployment"][cell.deployment] += cell.calls
    frequent: Mapping[str, frozenset[str]] = {
        name: frozenset(value for value, number in counts.most_common(2 * MAX_VALUES) if number >= MIN_CALLS)
        for name, counts in calls.items()
    }
    return [
        cell._replace(
            client_version=cell.client_version if cell.client_version in frequent["client_version"] else NO_VALUE,
            k8s_version=cell.k8s_version if cell.k8s_version in frequent["k8s_version"] else NO_VALUE,
            deployment=cell.deployment if cell.deployment in frequent["deployment"] else NO_VALUE,
        )
        for cell in cells
    ]
