"""The filters of a chart, and how a query string sets them."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from footfall.catalogue import Catalogue

from ..runtime import choice
from ..store import DAY_SECONDS, EventSelection

HOUR_RANGES = {"1h": 1, "24h": 24}
"""Named ranges to the second, and their hours."""
DAY_RANGES = {"7d": 7, "30d": 30, "90d": 90, "365d": 365, "all": 0}
"""Named ranges of whole UTC days, today included, and their days; 0 for all."""
DEFAULT_RANGE = "30d"
CUSTOM_RANGE = "custom"
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""The start of `all`: earlier than any product's first event."""
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""The end of all times that events can have."""
EXACT_SECONDS = 48 * 3600
"""Ranges of up to this length read raw events."""
INTERNAL_VALUES = {"hide": False, "only": True, "all": None}
EXTRA_FILTERS = ("tool", "error_type", "mcp_client", "transport", "k8s_version", "deployment_method")
MAX_VALUE_LENGTH = 200
"""In characters."""


class FilterError(Exception):
    """A filter can't be used; the message says which, why, and what to write instead."""


class NamedConditions(Protocol):
    """The segments that have a name."""

    def conditions(self, product: str, name: str) -> tuple[str, ...]:
        """The conditions of a name. Raises FilterError, which says the names that there are."""

    def names(self, product: str) -> list[str]:
        """The names of a product's segments. Raises FilterError where they can't be read."""


class NoNamedConditions:
    """Where no segment has a name."""

    def conditions(self, product: str, name: str) -> tuple[str, ...]:
        """See `NamedConditions`."""
        del name
        raise FilterError(f"There is no saved segment of this name; none of {product} is saved yet.")

    def names(self, product: str) -> list[str]:
        """See `NamedConditions`."""
        del product
        return []


NO_NAMED_CONDITIONS = NoNamedConditions()


@dataclass(frozen=True)
class Filters:
    """The product, range and conditions of a chart.

    Attributes:
        product: the product's name.
        start: UTC, included.
        end: UTC, excluded.
        version: the product's version; None for all.
        provider: the AI provider; None for all.
        internal: `hide`, `only` or `all`.
        extra: name to value of the `EXTRA_FILTERS` that are set.
        where: conditions on any property, in the form of a query string (`questions/segments.py`); those of a saved
            segment are among them.
    """

    product: str
    start: datetime
    end: datetime
    version: str | None = None
    provider: str | None = None
    internal: str = "hide"
    extra: Mapping[str, str] = field(default_factory=dict)
    where: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether raw events are read, to the second."""
        return (self.end - self.start).total_seconds() <= EXACT_SECONDS

    @property
    def of_whole_days(self) -> "Filters":
        """The range, widened to whole UTC days."""
        start, last = (at.replace(hour=0, minute=0, second=0, microsecond=0) for at in (self.start, self.end))
        return replace(self, start=start, end=last if last == self.end else last + timedelta(days=1))

    @property
    def partial(self) -> bool:
        """Whether the range is one to the second, with a part of a day."""
        return self.exact and self != self.of_whole_days

    @property
    def bucket_seconds(self) -> int:
        """Length of a bucket in charts over time: a minute, an hour or a day."""
        start, end = int(self.start.timestamp()), int(self.end.timestamp())
        return EventSelection(self.product, start, end, self.exact).bucket_seconds

    @property
    def active(self) -> dict[str, str]:
        """Name in a query to value of the filters that are set, without product, range, internal and `where`."""
        common = {"version": self.version, "provider": self.provider}
        return {name: value for name, value in common.items() if value is not None} | dict(self.extra)

    @property
    def question(self) -> Hashable:
        """Equal for filters that select the same events."""
        conditions = self.version, self.provider, self.internal, tuple(sorted(self.extra.items())), self.where
        return self.product, self.start, self.end, *conditions

    @classmethod
    def parse(
        cls,
        query: Mapping[str, str],
        now: datetime,
        catalogues: Mapping[str, Catalogue],
        where: Sequence[str] = (),
        segments: NamedConditions = NO_NAMED_CONDITIONS,
    ) -> "Filters":
        """Read `product`, `range` or `start` and `end`, `version`, `provider`, `internal`, `segment`, `EXTRA_FILTERS`.

        `where` are all values of that name in the query; their properties are looked up where they are used. The
        conditions of the saved `segment` come before them.

        `start` and `end` are UTC days, both included, or RFC 3339 moments, the end excluded. Empty values count as not
        set. Raises FilterError.
        """
        values = {name: value for name, value in query.items() if value != ""}
        known = ("product", "range", "start", "end", "version", "provider", "internal", "segment", *EXTRA_FILTERS)
        for name, value in values.items():
            if name not in known:
                raise FilterError(f"There is no such filter; known are {', '.join(known)}.")
            if len(value) > MAX_VALUE_LENGTH:
                raise FilterError(f"{name} is longer than {MAX_VALUE_LENGTH} characters.")
        internal = values.get("internal", "hide")
        if internal not in INTERNAL_VALUES:
            raise FilterError(f"internal must be {choice(INTERNAL_VALUES)}.")
        product = product_named(values.get("product"), catalogues)
        start, end = _period(values, now.astimezone(UTC))
        saved = segments.conditions(product, values["segment"]) if "segment" in values else ()
        return cls(
            product,
            start,
            end,
            values.get("version"),
            values.get("provider"),
            internal,
            {name: values[name] for name in EXTRA_FILTERS if name in values},
            tuple(dict.fromkeys((*saved, *(text for text in where if text)))),
        )


def product_named(name: str | None, catalogues: Mapping[str, Catalogue]) -> str:
    """The product of that name; without one, the only product. Raises FilterError."""
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
        if values.get("range", CUSTOM_RANGE) != CUSTOM_RANGE:
            raise FilterError("Give either range, or start and end.")
        return _custom(values, tomorrow)
    name = values.get("range", DEFAULT_RANGE)
    if name == CUSTOM_RANGE:
        raise FilterError("range=custom needs start and end, such as start=2026-11-01 and end=2026-11-07.")
    if name in HOUR_RANGES:
        # The present second is included, so that an event shows as soon as it is stored.
        end = now.replace(microsecond=0) + timedelta(seconds=1)
        return end - timedelta(hours=HOUR_RANGES[name]), end
    if name not in DAY_RANGES:
        raise FilterError(f"range must be {choice((*HOUR_RANGES, *DAY_RANGES, CUSTOM_RANGE))}.")
    return (tomorrow - timedelta(days=DAY_RANGES[name]) if DAY_RANGES[name] else EARLIEST), tomorrow


def _custom(values: Mapping[str, str], tomorrow: datetime) -> tuple[datetime, datetime]:
    start = _moment("start", values["start"]) if "start" in values else EARLIEST
    end = _moment("end", values["end"], is_end=True) if "end" in values else tomorrow
    # A range that begins in the future reaches events that a wrong clock stamped.
    start, end = max(start, EARLIEST), min(end, LATEST if start >= tomorrow else tomorrow)
    if start >= end:
        raise FilterError("start is not before end, or lies in the future.")
    if (end - start).total_seconds() > EXACT_SECONDS:
        # Roll-ups are by day: the range shows what is counted, instead of silently counting more than it says.
        start, end = _midnight(start), _midnight(end + timedelta(seconds=DAY_SECONDS - 1))
    return start, end


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _moment(name: str, text: str, is_end: bool = False) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        is_day = len(text) == len("2026-11-24")
        return moment + timedelta(days=1) if is_end and is_day else moment.replace(microsecond=0)
    except (ValueError, OverflowError):
        raise FilterError(f"{name} must be a UTC day (2026-11-24) or a moment (2026-11-24T13:00:00Z).") from None


class Annotations(Protocol):
    """What happened; `access` keeps it. `revision` changes with it."""

    @property
    def revision(self) -> int: ...

    def between(self, product: str, start: str, end: str) -> list[Any]: ...
