"""The true answers to the charts of what instances do, in plain Python over a fleet's events.

A chart's true answer is a function `(events: MatchingEvents) -> Rows` and an entry in `BEHAVIOUR_ANSWERS`, at the end.
Ephemeral instances are in none of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from tests.oracle.world import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.oracle.fleet import FleetEvent
    from tests.oracle.matching import MatchingEvents
    from tests.oracle.truth import Rows

_MONDAY = 3  # day 0 was a Thursday
_STEPS = ("installed", "started", "connected", "first call", "second day", "second week")
_RECENT_DAYS, _LOST_DAYS, _READ_DAYS = 31, 14, 45
_MAX_TOOLS, _MAX_SEQUENCES, _MAX_VERSIONS, _MAX_CALLS = 50, 1000, 50, 200_000


def _days(events: MatchingEvents) -> tuple[int, int]:
    """The first day of the range, and the day after its last."""
    return events.query.start // DAY, -(-events.query.end // DAY)


def _day(number: int) -> str:
    return datetime.fromtimestamp(number * DAY, UTC).strftime("%Y-%m-%d")


def _lasting(events: Iterable[FleetEvent]) -> list[FleetEvent]:
    return [event for event in events if not event.instance.startswith("ephemeral_")]


def _by_instance(events: Iterable[FleetEvent]) -> dict[str, list[FleetEvent]]:
    lives: defaultdict[str, list[FleetEvent]] = defaultdict(list)
    for event in _lasting(events):
        lives[event.instance].append(event)
    return lives


def activation(events: MatchingEvents) -> Rows:
    first, last = _days(events)
    steps: defaultdict[tuple[str, str], list[list[bool | None]]] = defaultdict(list)
    for life in _by_instance(events.without_filters).values():
        born = min(event.at // DAY for event in life)
        on_first_day = [event for event in life if event.at // DAY == born]
        if not first <= born < last or not any(map(events.fits, on_first_day)):
            continue
        known = [event for event in life if event.at < last * DAY]
        starts = [event for event in known if event.event == "server_started"]
        start = min((event.at // DAY for event in starts), default=None)
        first_starts = [event for event in starts if event.at // DAY == start]
        ages = {event.at // DAY - born for event in known}
        reached = [
            True,
            bool(starts),
            any(event.event == "client_connected" for event in known),
            any(event.event == "tool_executed" for event in known),
            any(1 <= age <= 6 for age in ages) if born + 7 <= last else None,
            any(7 <= age <= 13 for age in ages) if born + 14 <= last else None,
        ]
        methods = {event.properties.get("deployment_method") or "" for event in first_starts} or {""}
        versions = {event.properties.get("product_version") or "" for event in on_first_day}
        steps["all", ""].append(reached)
        for method in methods:
            steps["deployment_method", method].append(reached)
        for version in versions:
            steps["version", version].append(reached)
    rows: Rows = []
    for (dimension, value), members in sorted(steps.items()):
        for number, step in enumerate(_STEPS):
            counted = [reached[number] for reached in members if reached[number] is not None]
            share = sum(map(bool, counted)) / len(counted) if counted else None
            rows.append([dimension, value or None, step, sum(map(bool, counted)), len(counted), share])
    return rows


def _recent_calls(events: MatchingEvents, ephemeral: bool = False) -> tuple[int, list[FleetEvent]]:
    """The first day that counts, and the calls since."""
    first, last = _days(events)
    first = max(first, last - _RECENT_DAYS)
    calls = [event for event in events.named("tool_executed") if event.at // DAY >= first]
    return first, calls if ephemeral else _lasting(calls)


def tool_sequences(events: MatchingEvents) -> Rows:
    first, calls = _recent_calls(events)
    assert len(_recent_calls(events, ephemeral=True)[1]) <= _MAX_CALLS, "the oracle doesn't know the sample"
    by_day: defaultdict[tuple[str, int], list[tuple[int, str]]] = defaultdict(list)
    for call in calls:
        by_day[call.instance, call.at // DAY].append((call.at, call.properties["tool"]))
    times: Counter[tuple[str, str]] = Counter()
    instances: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for (instance, _), day in by_day.items():
        for (_, one), (_, following) in pairwise(sorted(day)):
            times[one, following] += 1
            instances[one, following].add(instance)
    after: Counter[str] = Counter()
    for (one, _), n in times.items():
        after[one] += n
    ordered = sorted(times.items(), key=lambda item: (-item[1], item[0]))[:_MAX_SEQUENCES]
    return [[*pair, n, len(instances[pair]), n / after[pair[0]], _day(first), 1.0] for pair, n in ordered]


def tool_pairs(events: MatchingEvents) -> Rows:
    used: defaultdict[str, set[str]] = defaultdict(set)
    for call in _lasting(events.named("tool_executed")):
        used[call.properties["tool"]].add(call.instance)
    everyone = len(set().union(*used.values()))
    shown = sorted(used, key=lambda tool: (-len(used[tool]), tool))[:_MAX_TOOLS]
    rows: Rows = []
    for one, other in combinations(sorted(shown), 2):
        both = len(used[one] & used[other])
        if both:
            lift = both * everyone / (len(used[one]) * len(used[other]))
            rows.append([one, other, both, both / everyone, lift])
    return sorted(rows, key=lambda row: (-row[2], row[0], row[1]))


def concentration(events: MatchingEvents) -> Rows:
    first, calls = _recent_calls(events)
    counts = sorted(Counter(call.instance for call in calls).values(), reverse=True)
    tenths: defaultdict[int, list[int]] = defaultdict(list)
    for rank, n in enumerate(counts):
        tenths[rank * 10 // len(counts) + 1].append(n)
    rows: Rows = []
    so_far = 0
    for tenth, members in sorted(tenths.items()):
        so_far += sum(members)
        share, cumulative = sum(members) / sum(counts), so_far / sum(counts)
        rows.append([tenth, len(members), sum(members), share, cumulative, _day(first)])
    return rows


def release_adoption(events: MatchingEvents) -> Rows:
    first, last = _days(events)
    appeared: dict[str, int] = {}
    for event in _lasting(events.at_any_time):
        version, day = event.properties.get("product_version") or "", event.at // DAY
        appeared[version] = min(day, appeared.get(version, day))
    newest: dict[tuple[int, str], int] = {}
    users: defaultdict[str, set[str]] = defaultdict(set)
    for event in _lasting(events.in_range):
        version, place = event.properties.get("product_version") or "", (event.at // DAY, event.instance)
        newest[place] = max(newest.get(place, -1), -1 if version in ("", "other") else appeared[version])
        users[version].add(event.instance)
    days: defaultdict[int, list[int]] = defaultdict(list)
    for (day, _), since in newest.items():
        days[day].append(since)
    oldest = min(appeared.values(), default=0)
    shown = [
        version
        for version in users
        if version not in ("", "other") and appeared[version] >= first and appeared[version] > oldest
    ]
    rows: Rows = []
    for version in sorted(shown, key=lambda one: (-len(users[one]), one))[:_MAX_VERSIONS]:
        released = appeared[version]
        shares = {
            day: sum(since >= released for since in days[day]) / len(days[day])
            for day in days
            if released <= day < last
        }
        half = min((day for day, share in shares.items() if share >= 0.5), default=None)
        row = [version, _day(released), len(users[version])]
        rows.append([*row, *((None, None) if half is None else (_day(half), half - released)), max(shares.values())])
    return sorted(rows, key=lambda row: (row[1], row[0]))


def last_met(events: MatchingEvents) -> Rows:
    first, last = _days(events)
    first = max(first, last - _READ_DAYS)
    met: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for life in _by_instance(events.without_filters).values():
        gone = max(event.at // DAY for event in life)
        on_last_day = [event for event in life if event.at // DAY == gone]
        if first <= gone < last - _LOST_DAYS and any(map(events.fits, on_last_day)):
            known = [event for event in life if event.at // DAY >= first]
            met["tool"][_latest(known, "tool_executed", "tool")] += 1
            met["error_type"][_latest(known, "tool_error", "error_type")] += 1
            met["version"][_latest(known, None, "product_version")] += 1
    rows: Rows = []
    for dimension, values in sorted(met.items()):
        lost = values.total()
        for value, n in sorted(values.items(), key=lambda item: (-item[1], item[0])):
            rows.append([dimension, value or None, n, lost, n / lost])
    return rows


def _latest(life: list[FleetEvent], name: str | None, what: str) -> str:
    """The value of a property in the last event of a name; of several in one second, the last by its text."""
    values = [(event.at, event.properties.get(what) or "") for event in life if name in (None, event.event)]
    return max(values, default=(0, ""))[1]


def weekly_instances(events: MatchingEvents) -> Rows:
    first, last = _days(events)
    weeks: defaultdict[int, set[str]] = defaultdict(set)
    for event in _lasting(events.at_any_time):
        weeks[(event.at // DAY + _MONDAY) // 7].add(event.instance)
    rows: Rows = []
    for week in range((first + _MONDAY) // 7, (last - 1 + _MONDAY) // 7 + 1):
        if weeks and week >= min(weeks):
            active = weeks.get(week, set())
            earlier: set[str] = set().union(*(members for one, members in weeks.items() if one < week))
            lost = len(weeks.get(week - 1, set()) - active) if (week + 1) * 7 - _MONDAY <= last else None
            rows.append([_day(week * 7 - _MONDAY), len(active), len(active - earlier), len(active & earlier), lost])
    return rows


BEHAVIOUR_ANSWERS: dict[str, Callable[[MatchingEvents], Rows]] = {
    "activation": activation,
    "tool-sequences": tool_sequences,
    "tool-pairs": tool_pairs,
    "concentration": concentration,
    "release-adoption": release_adoption,
    "last-met": last_met,
    "weekly-instances": weekly_instances,
}
