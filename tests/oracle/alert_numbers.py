"""The numbers that the rules of alerts judge, from a fleet's events, in plain Python: as of any moment.

The versions and intervals of regressions come from the collector's statistics, which have an oracle of their own; what
they are given is counted here.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable

from footfall_collector.alerts.observations import (
    REGRESSION_DAYS,
    DayNumbers,
    ErrorClass,
    HourCount,
    ProductNumbers,
)
from footfall_collector.answer import is_version, version_key
from footfall_collector.show.insight.regressions import Regression, VersionUsage, find_regressions
from footfall_collector.show.insight.releases import MAX_VERSIONS
from footfall_collector.show.statistics import find_causes
from footfall_collector.show.statistics.cube import CallCell
from tests.oracle.fleet import FleetEvent
from tests.oracle.world import DAY, HOUR

HISTORY_DAYS = 56


def _lasts(instance: str) -> bool:
    """Whether an instance counts as one; its events count in any case."""
    return not instance.startswith("ephemeral_")


class FleetNumbers:
    """A fleet's external events, each once, counted by hour, day, instance, tool and class."""

    def __init__(self, product: str, events: Iterable[FleetEvent]) -> None:
        self._product = product
        external = {event.uuid: event for event in events if not event.properties.get("is_internal")}
        self._events = sorted(external.values(), key=lambda event: event.at)
        self._times = [event.at for event in self._events]
        self._hours: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
        first: dict[tuple[int, str], int] = {}
        self._classes: defaultdict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
        self._tools: dict[str, int] = {}
        for event in self._events:
            if _lasts(event.instance):
                first.setdefault((event.at // DAY, event.instance), event.at)
            properties = event.properties
            if event.event == "tool_executed":
                counts = self._hours[event.at // HOUR]
                counts[0] += 1
                counts[1] += not properties["success"]
                self._tools.setdefault(properties["tool"], event.at)
            elif event.event == "tool_error":
                self._classes[properties["tool"], properties["error_type"]].append((event.at, event.instance))
        self._whole_days: dict[int, DayNumbers] = {}
        self._active: defaultdict[int, list[int]] = defaultdict(list)
        for (day, _), at in first.items():
            self._active[day].append(at)
        for moments in self._active.values():
            moments.sort()
        self._first_day = min(self._active)

    def at(self, now: int, with_regressions: bool) -> ProductNumbers:
        """The numbers as of a moment (epoch seconds)."""
        today, yesterday = now // DAY, (now // DAY - 1) * DAY
        days = [self._day(day) for day in range(max(today - HISTORY_DAYS, self._first_day), today)]
        classes = []
        known = set()
        for (tool, name), met in self._classes.items():
            begin, end = (bisect_left(met, (at, "")) for at in (yesterday, now))
            if begin:
                known.add((tool, name))
            if end > begin:
                instances = {instance for _, instance in met[begin:end] if _lasts(instance)}
                classes.append(ErrorClass(tool, name, end - begin, len(instances)))
        return ProductNumbers(
            product=self._product,
            now=now,
            hours=[
                HourCount(hour * HOUR, *counts)
                for hour in range((now - DAY) // HOUR, (now - 1) // HOUR + 1)
                if hour in self._hours and (counts := self._hours_between(hour, now - DAY, now))[0]
            ],
            days=days,
            today=bisect_left(self._active.get(today, []), now),
            last_hour=bisect_left(self._times, now) - bisect_left(self._times, now - HOUR),
            usual_hour=(self._instances(now - DAY), self._instances(now - 7 * DAY)),
            classes=classes,
            known_classes=frozenset(known),
            known_tools=frozenset(tool for tool, at in self._tools.items() if at < yesterday),
            regressions=self._regressions(now) if with_regressions else None,
        )

    def _day(self, day: int) -> DayNumbers:
        """Of a day that is over."""
        if day not in self._whole_days:
            self._whole_days[day] = self._counted(day)
        return self._whole_days[day]

    def _counted(self, day: int) -> DayNumbers:
        hours = [self._hours.get(day * 24 + hour, (0, 0)) for hour in range(24)]
        return DayNumbers(
            day, sum(calls for calls, _ in hours), sum(errors for _, errors in hours), len(self._active.get(day, ()))
        )

    def _hours_between(self, hour: int, start: int, end: int) -> tuple[int, int]:
        """Calls and errors of an hour, without what comes before `start` or after `end`."""
        if start <= hour * HOUR and (hour + 1) * HOUR <= end:
            calls, errors = self._hours[hour]
            return calls, errors
        made = self._slice(max(start, hour * HOUR), min(end, (hour + 1) * HOUR))
        made = [event for event in made if event.event == "tool_executed"]
        return len(made), sum(not event.properties["success"] for event in made)

    def _slice(self, start: int, end: int) -> list[FleetEvent]:
        return self._events[bisect_left(self._times, start) : bisect_left(self._times, end)]

    def _instances(self, end: int) -> int:
        """Those of the hour that ends then."""
        return len({event.instance for event in self._slice(end - HOUR, end) if _lasts(event.instance)})

    def _regressions(self, now: int) -> list[Regression]:
        calls: defaultdict[tuple[int, str, str, str, str, str], list[int]] = defaultdict(lambda: [0, 0])
        durations: defaultdict[str, defaultdict[str, defaultdict[float, int]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(int))
        )
        for event in self._slice((now // DAY - REGRESSION_DAYS + 1) * DAY, now):
            if event.event != "tool_executed":
                continue
            properties = event.properties
            version, tool = properties.get("product_version", ""), properties["tool"]
            client, provider = properties.get("mcp_client", ""), properties.get("ai_provider", "")
            counts = calls[event.at // DAY, version, tool, client, provider, event.instance]
            counts[0] += 1
            counts[1] += not properties["success"]
            durations[version][tool][properties["duration_ms"]] += 1
        newest = sorted(filter(is_version, durations), key=version_key)[-MAX_VERSIONS:]
        errors: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
        cells = []
        for (day, version, tool, client, provider, instance), (made, failed) in calls.items():
            if version in newest:
                cells.append(CallCell(day, version, tool, client, provider, instance, made, failed))
                errors[version][tool][0] += failed
                errors[version][tool][1] += made
        usage = {
            version: VersionUsage({tool: (n[0], n[1]) for tool, n in errors[version].items()}, durations[version])
            for version in newest
        }
        return find_regressions(usage, find_causes(cells, newest).causes)
