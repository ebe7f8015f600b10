"""What the store has, day by day: the events, the internal ones among them, and the instances."""

from collections import Counter
from datetime import datetime, timedelta

import msgspec

from ...answer import EARLIEST, Answers, Filters
from ..insight import Cell, rows_as_dicts

HISTORY_DAYS = 30


class StoredEvents(msgspec.Struct, frozen=True):
    """All events of all products, up to today.

    Attributes:
        first: the UTC day of the first one; None without events.
        last: that of the last one.
    """

    events: int = 0
    first: str | None = None
    last: str | None = None


def stored_events(answers: Answers, now: datetime) -> StoredEvents:
    """Read from roll-ups. Raises StoreError if the store can't answer."""
    days = _by_day(answers, EARLIEST, now, "all")
    return StoredEvents(days.total(), min(days), max(days)) if days else StoredEvents()


def day_rows(answers: Answers, now: datetime) -> list[list[Cell]]:
    """Day, events, the internal ones among them and active instances, the newest first; a day without events as 0.

    They begin with the first event, at most `HISTORY_DAYS` ago.
    """
    start = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=HISTORY_DAYS - 1)
    events, internal = (_by_day(answers, start, now, which) for which in ("all", "only"))
    instances: Counter[str] = Counter()
    for product in answers.products():
        filters = Filters(product, start, _end(now), internal="all")
        for row in rows_as_dicts(answers.chart("active-instances", filters)):
            instances[str(row["day"])] += int(row["daily"])
    days = [f"{start + timedelta(days=n):%Y-%m-%d}" for n in range(HISTORY_DAYS)]
    return [
        [day, events[day], internal[day], instances[day]] for day in reversed(days) if events and day >= min(events)
    ]


def _by_day(answers: Answers, start: datetime, now: datetime, internal: str) -> Counter[str]:
    days: Counter[str] = Counter()
    for product in answers.products():
        for row in rows_as_dicts(answers.chart("events", Filters(product, start, _end(now), internal=internal))):
            days[str(row["day"])[:10]] += int(row["events"])
    return days


def _end(now: datetime) -> datetime:
    """The end of today: a range of whole days is answered from roll-ups."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
