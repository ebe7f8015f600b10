"""The numbers that the rules judge, read from the answers that the pages show. Internal events are left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ..answer import Answers, Filters
from ..runtime import Status
from ..show.insight import ChartRow, Regression, regressions_in_range, rows_as_dicts

HISTORY_DAYS = 56
KNOWN_CLASS_DAYS = 90
REGRESSION_DAYS = 28
_DAY, _HOUR = 86_400, 3600


@dataclass(frozen=True)
class HourCount:
    """Calls and errors of an hour; `begin` is in epoch seconds."""

    begin: int
    calls: int
    errors: int


@dataclass(frozen=True)
class DayNumbers:
    """A whole UTC day, since 1970."""

    day: int
    calls: int
    errors: int
    instances: int


@dataclass(frozen=True)
class ErrorClass:
    """A class of errors of a tool, in the last one to two days."""

    tool: str
    name: str
    errors: int
    instances: int


@dataclass(frozen=True)
class ProductNumbers:
    """What was counted of one product.

    Attributes:
        now: epoch seconds.
        hours: the last 24 hours, in order; hours without a call are missing.
        days: the days before today, in order, the day of the first event at the earliest.
        today: instances of today, so far.
        last_hour: events of the last hour.
        usual_hour: instances that were active in the same hour yesterday, and a week ago.
        classes: error classes since yesterday's beginning.
        known_classes: (tool, class) of the 90 days before.
        known_tools: tools that were called in the 90 days before.
        regressions: of the last 28 days; None where they are not due.
    """

    product: str
    now: float
    hours: Sequence[HourCount] = ()
    days: Sequence[DayNumbers] = ()
    today: int = 0
    last_hour: int = 0
    usual_hour: tuple[int, int] = (0, 0)
    classes: Sequence[ErrorClass] = ()
    known_classes: frozenset[tuple[str, str]] = frozenset()
    known_tools: frozenset[str] = frozenset()
    regressions: Sequence[Regression] | None = None

    @property
    def today_day(self) -> int:
        return int(self.now // _DAY)


@dataclass(frozen=True)
class Refusals:
    """Events of a product in the last hour."""

    accepted: int
    refused: int


@dataclass(frozen=True)
class CollectorNumbers:
    """The collector's own state: raised alarms with their sentences, and refusals of each product."""

    alarms: Mapping[str, str] = field(default_factory=dict)
    refusals: Mapping[str, Refusals] = field(default_factory=dict)


def read_product(answers: Answers, product: str, now: float, with_regressions: bool) -> ProductNumbers:
    """The numbers of one product. Raises StoreError where the store can't answer."""
    moment = datetime.fromtimestamp(int(now) + 1, UTC)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    recent = Filters(product, moment - timedelta(hours=24), moment)
    since_yesterday = Filters(product, midnight - timedelta(days=1), moment)
    known = Filters(product, midnight - timedelta(days=1 + KNOWN_CLASS_DAYS), midnight - timedelta(days=1))
    regressions = Filters(product, midnight - timedelta(days=REGRESSION_DAYS - 1), midnight + timedelta(days=1))
    days, today = _days(answers, product, midnight)
    return ProductNumbers(
        product=product,
        now=now,
        hours=[
            HourCount(_epoch(row["day"]), row["calls"], row["errors"]) for row in rows_as_dicts(answers.trend(recent))
        ],
        days=days,
        today=today,
        last_hour=sum(row["events"] for row in _rows(answers, "events", _hour_before(product, moment))),
        usual_hour=(
            _instances(answers, _hour_before(product, moment - timedelta(days=1))),
            _instances(answers, _hour_before(product, moment - timedelta(days=7))),
        ),
        classes=[
            ErrorClass(row["tool"], row["error_type"], row["errors"], row["instances"])
            for row in _rows(answers, "error-types", since_yesterday)
            if row["tool"] and row["error_type"]
        ],
        known_classes=frozenset(
            (row["tool"], row["error_type"])
            for row in _rows(answers, "error-types", known)
            if row["tool"] and row["error_type"]
        ),
        known_tools=frozenset(row["tool"] for row in _rows(answers, "tool-errors", known) if row["tool"]),
        regressions=regressions_in_range(answers, regressions) if with_regressions else None,
    )


def read_collector(status: Status) -> dict[str, str]:
    """The raised alarms: name → sentence without its stop."""
    return {alarm.name: alarm.sentence for alarm in status.alarms()}


class RefusalWindow:
    """Refusals of the last hour, from counters that only grow. A restart begins with zero."""

    def __init__(self) -> None:
        self._snapshots: list[tuple[float, dict[str, Refusals]]] = []

    def observe(self, status: Status, products: Sequence[str], now: float) -> dict[str, Refusals]:
        """Note the counters, and return what was added within the last hour."""
        current = {
            product: Refusals(status.total("events_accepted", product), status.total("events_refused", product))
            for product in products
        }
        current[""] = Refusals(status.total("events_accepted"), status.total("requests_refused"))
        snapshots = [each for each in self._snapshots if each[0] <= now]
        # The latest one that is an hour old is compared with; at first there is none, and all counters began with 0.
        old = sum(at <= now - _HOUR for at, _ in snapshots)
        before = snapshots[old - 1][1] if old else {}
        self._snapshots = [*snapshots[max(0, old - 1) :], (now, current)]
        zero = Refusals(0, 0)
        return {
            product: Refusals(
                total.accepted - before.get(product, zero).accepted, total.refused - before.get(product, zero).refused
            )
            for product, total in current.items()
        }


def _days(answers: Answers, product: str, midnight: datetime) -> tuple[list[DayNumbers], int]:
    """The days before today, and the instances of today so far."""
    filters = Filters(product, midnight - timedelta(days=HISTORY_DAYS), midnight + timedelta(days=1))
    calls = {_epoch(row["day"]): row for row in rows_as_dicts(answers.trend(filters))}
    rows = _rows(answers, "active-instances", filters)
    today = int(midnight.timestamp())
    days = []
    instances_today = 0
    for row in rows:
        at = _epoch(row["day"])
        if at == today:
            instances_today = row["daily"]
        elif at < today:
            called = calls.get(at, {"calls": 0, "errors": 0})
            days.append(DayNumbers(at // _DAY, called["calls"], called["errors"], row["daily"]))
    return days, instances_today


def _hour_before(product: str, end: datetime) -> Filters:
    return Filters(product, end - timedelta(hours=1), end)


def _instances(answers: Answers, filters: Filters) -> int:
    [row] = rows_as_dicts(answers.summary(filters))
    return int(row["instances"])


def _rows(answers: Answers, chart: str, filters: Filters) -> list[ChartRow]:
    return rows_as_dicts(answers.chart(chart, filters))


def _epoch(text: str) -> int:
    """Of a day, or of an RFC 3339 moment in UTC."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
