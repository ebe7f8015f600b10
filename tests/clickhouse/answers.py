"""Compares all charts of a running collector with the true answers over a fleet."""

import json
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

from collector.tests.answer.chart_rows import equal
from footfall_collector.answer.behaviour import BEHAVIOUR
from footfall_collector.answer.charts import CHARTS, ChartSpec
from tests.oracle.fleet import Fleet
from tests.oracle.matching import OracleQuery
from tests.oracle.truth import Rows, Truth
from tests.oracle.world import DAY, HOUR

COLUMNS = {"version": "product_version", "provider": "ai_provider"}


def fetch(url: str, path: str, **query: str) -> Any:
    """The JSON at a path. Raises urllib.error.HTTPError unless the status is 200."""
    with urllib.request.urlopen(f"{url}{path}?{urllib.parse.urlencode(query)}", timeout=60) as answer:
        return json.load(answer)


def charts(url: str, query: dict[str, str]) -> dict[str, Rows]:
    """The rows of every chart."""
    return {spec.id: fetch(url, f"/api/charts/{spec.id}", **query)["rows"] for spec in (*CHARTS, *BEHAVIOUR)}


def queries(fleet: Fleet) -> list[dict[str, str]]:
    """Queries over whole days, read from roll-ups, and over hours, read from raw events; with and without filters."""
    first, last = (datetime.fromtimestamp(at, UTC) for at in (fleet.start, fleet.end - 1))
    days = {"start": first.strftime("%Y-%m-%d"), "end": last.strftime("%Y-%m-%d")}
    middle = last - timedelta(days=fleet.days // 2)
    hours = {"start": (middle - timedelta(hours=30)).isoformat(), "end": middle.isoformat()}
    return [
        {**days, "internal": "all"},
        {**days, "internal": "hide", "version": "2.0.0"},
        {**days, "internal": "all", "tool": "remediate", "provider": "anthropic"},
        {**hours, "internal": "all"},
    ]


def differences(url: str, fleet: Fleet, truth: Truth, chosen: list[dict[str, str]] | None = None) -> list[str]:
    """The charts that differ from the truth: chart, query, some rows of both."""
    different = []
    for query in chosen or queries(fleet):
        for spec in (*CHARTS, *BEHAVIOUR):
            shown = fetch(url, f"/api/charts/{spec.id}", **query)["rows"]
            true = truth.chart(spec.id, _oracle_query(query, spec))
            if not equal(shown, true):
                different.append(f"{spec.id} {query}: {len(shown)} rows, {shown[:3]}; true {len(true)}, {true[:3]}")
    return different


def _oracle_query(query: dict[str, str], spec: ChartSpec) -> OracleQuery:
    whole = len(query["end"]) == len("2026-11-24")
    start, end = (int(datetime.fromisoformat(query[key]).replace(tzinfo=UTC).timestamp()) for key in ("start", "end"))
    end += DAY if whole else 0
    if spec.daily:
        start, end = start // DAY * DAY, -(-end // DAY) * DAY
    named = {COLUMNS.get(name, name): value for name, value in query.items()}
    ignored = ("start", "end", "internal", *spec.unfiltered)
    only = {name: value for name, value in named.items() if name not in ignored}
    step = DAY if end - start > 2 * DAY else HOUR if end - start > 3 * HOUR else 60
    return OracleQuery(start, end, query["internal"], step, only, by_instance=spec.by_instance)
