"""The true numbers of the fleet under a page's filters, and their comparison with the texts of a page."""

import math
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from tests.dashboard.reading import fetch
from tests.oracle.fleet import Fleet
from tests.oracle.matching import OracleQuery
from tests.oracle.truth import Rows, Truth

_COLUMNS = {"version": "product_version", "provider": "ai_provider"}
_NOT_VALUES = ("range", "start", "end", "internal", "product")


class Expected:
    """The true numbers of a collector's fleet. `query` is the query of the page's address."""

    def __init__(self, url: str, fleet: Fleet) -> None:
        self._url, self._truth = url, Truth(fleet.events())
        self._specs = {spec["id"]: spec for spec in fetch(url, "/api/charts")["charts"]}

    def rows(self, chart: str, query: dict[str, str]) -> Rows:
        """The rows of a chart."""
        return self._truth.chart(chart, self._asked(query, self._specs[chart]))

    def hidden(self, query: dict[str, str]) -> int:
        """The number of internal events that the page leaves out."""
        return self._truth.hidden_internal(self._asked(query))

    def previous(self, query: dict[str, str]) -> dict[str, str]:
        """The query for the previous period: as many days, on the same weekdays, none of them in both."""
        period = fetch(self._url, "/api/pages/overview", **query)["period"]
        start, end = (datetime.fromisoformat(period[name]) for name in ("start", "end"))
        assert (start.hour, (end - start).seconds) == (0, 0), "hours have no weekdays"
        shift = next(weeks for weeks in map(timedelta, range(7, 400, 7)) if weeks >= end - start)
        filters = {name: value for name, value in query.items() if name not in ("range", "start", "end")}
        return {
            **filters,
            "range": "custom",
            "start": (start - shift).date().isoformat(),
            "end": (end - shift - timedelta(days=1)).date().isoformat(),
        }

    def compared(self, query: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """The queries for what changes are between: the days of a range with the present day that are over."""
        before, period = self.previous(query), fetch(self._url, "/api/pages/overview", **query)["period"]
        first, today = (datetime.fromisoformat(period[name]).date() for name in ("start", "compared_end"))
        assert today < datetime.fromisoformat(period["end"]).date(), "the range has the present day"
        yesterday, shift = today - timedelta(days=1), first - date.fromisoformat(before["start"])
        ended = {"range": "custom", "start": first.isoformat(), "end": yesterday.isoformat()}
        return before | ended, before | {"end": (yesterday - shift).isoformat()}

    def _asked(self, query: dict[str, str], spec: Mapping[str, Any] = MappingProxyType({})) -> OracleQuery:
        period = fetch(self._url, "/api/pages/overview", **query)["period"]
        start, end = (int(datetime.fromisoformat(period[name]).timestamp()) for name in ("start", "end"))
        only = {_COLUMNS.get(name, name): query[name] for name in query if name not in _NOT_VALUES}
        by_instance = tuple(spec.get("by_instance", ()))
        return OracleQuery(start, end, query.get("internal", "hide"), period["step"], only, by_instance=by_instance)


def assert_same(shown: list[list[str]], true: Rows) -> None:
    """Compare the texts of a table's cells with the true values."""
    assert len(shown) == len(true), (len(shown), len(true), shown[:3], true[:3])
    for row, values in zip(shown, true, strict=True):
        assert len(row) == len(values), (row, values)
        assert all(map(_equals, row, values)), (row, values)


def _equals(text: str, value: Any) -> bool:
    if value is None:
        return text == ""
    if isinstance(value, int | float):
        return text != "" and math.isclose(float(text), value, rel_tol=1e-9, abs_tol=1e-12)
    return bool(text == value)
