"""Filters of a chart, and how they are read from a query string."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from footfall.catalogue import Catalogue

from ..store import DAY, Scope

HOURS = {"1h": 1, "24h": 24}
"""Named ranges that are to the second."""
RANGES = {"7d": 7, "30d": 30, "90d": 90, "365d": 365, "all": 0}
"""Named ranges of whole UTC days, today included."""
DEFAULT_RANGE = "30d"
CUSTOM = "custom"
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""Before the first event of any product: where `all` begins."""
EXACT_SECONDS = 48 * 3600
"""Ranges up to this length read raw events."""
INTERNAL = {"hide": False, "only": True, "all": None}
EXTRA = ("tool", "error_type", "mcp_client", "transport", "k8s_version", "deployment_method")
LONGEST = 200
"""Characters of a filter's value."""


class FilterError(Exception):
    """A filter can't be used; the message says which one, why, and what to write instead."""


@dataclass(frozen=True)
class Filters:
    """What a chart is about.

    Attributes:
        product: its name.
        start: the first moment, UTC.
        end: the first moment after it, UTC.
        version: of the product; None for all.
        provider: AI provider; None for all.
        internal: `hide`, `only` or `all`.
        extra: values of `EXTRA` by name.
    """

    product: str
    start: datetime
    end: datetime
    version: str | None = None
    provider: str | None = None
    internal: str = "hide"
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def exact(self) -> bool:
        """Whether raw events are read, to the second."""
        return (self.end - self.start).total_seconds() <= EXACT_SECONDS

    @property
    def step(self) -> int:
        """Seconds between the moments of charts over time: a minute, an hour or a day."""
        return Scope(self.product, int(self.start.timestamp()), int(self.end.timestamp()), self.exact).step

    @property
    def given(self) -> dict[str, str]:
        """The filters that are set, by the names they have in a query, without product, range and internal."""
        common = {"version": self.version, "provider": self.provider}
        return {name: value for name, value in common.items() if value is not None} | dict(self.extra)

    @classmethod
    def parse(cls, query: Mapping[str, str], now: datetime, catalogues: Mapping[str, Catalogue]) -> "Filters":
        """Filters from a query: `product`, `range` or `start` and `end`, `version`, `provider`, `internal`, `EXTRA`.

        `start` and `end` are UTC days, both included, or RFC 3339 moments, the end excluded. Empty values count as
        not given. Raises FilterError.
        """
        values = {name: value for name, value in query.items() if value != ""}
        known = ("product", "range", "start", "end", "version", "provider", "internal", *EXTRA)
        for name, value in values.items():
            if name not in known:
                raise FilterError(f"There is no such filter; known are {', '.join(known)}.")
            if len(value) > LONGEST:
                raise FilterError(f"{name} is longer than {LONGEST} characters.")
        internal = values.get("internal", "hide")
        if internal not in INTERNAL:
            raise FilterError("internal is none of hide, only, all.")
        start, end = _period(values, now.astimezone(UTC))
        return cls(
            _product(values.get("product"), catalogues),
            start,
            end,
            values.get("version"),
            values.get("provider"),
            internal,
            {name: values[name] for name in EXTRA if name in values},
        )


def _product(name: str | None, catalogues: Mapping[str, Catalogue]) -> str:
    products = sorted(catalogues)
    if name is None and len(products) == 1:
        return products[0]
    if name is None:
        raise FilterError(f"This collector has several products; add product= with one of {', '.join(products)}.")
    if name not in catalogues:
        raise FilterError(f"There is no such product; known are {', '.join(products)}.")
    return name


def _period(values: Mapping[str, str], now: datetime) -> tuple[datetime, datetime]:
    tomorrow = _midnight(now) + timedelta(days=1)
    if "start" in values or "end" in values:
        if values.get("range", CUSTOM) != CUSTOM:
            raise FilterError("Give either range, or start and end.")
        return _custom(values, tomorrow)
    name = values.get("range", DEFAULT_RANGE)
    if name == CUSTOM:
        raise FilterError("range=custom needs start and end, such as start=2026-11-01 and end=2026-11-07.")
    if name in HOURS:
        # The second under way is included, so that an event is seen as soon as it is stored.
        end = now.replace(microsecond=0) + timedelta(seconds=1)
        return end - timedelta(hours=HOURS[name]), end
    if name not in RANGES:
        raise FilterError(f"range is none of {', '.join((*HOURS, *RANGES))}, {CUSTOM}.")
    return (tomorrow - timedelta(days=RANGES[name]) if RANGES[name] else EARLIEST), tomorrow


def _custom(values: Mapping[str, str], tomorrow: datetime) -> tuple[datetime, datetime]:
    start = _moment("start", values["start"]) if "start" in values else EARLIEST
    end = _moment("end", values["end"], is_end=True) if "end" in values else tomorrow
    start, end = max(start, EARLIEST), min(end, tomorrow)
    if start >= end:
        raise FilterError("start is not before end, or lies in the future.")
    if (end - start).total_seconds() > EXACT_SECONDS:
        # Rollups are by day; say so in the range instead of quietly counting more.
        start, end = _midnight(start), _midnight(end + timedelta(seconds=DAY - 1))
    return start, end


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _moment(name: str, text: str, is_end: bool = False) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        is_day = len(text) == len("2026-11-24")
        return found + timedelta(days=1) if is_end and is_day else found.replace(microsecond=0)
    except (ValueError, OverflowError):
        raise FilterError(f"{name} is no UTC day (2026-11-24) and no moment (2026-11-24T13:00:00Z).") from None
