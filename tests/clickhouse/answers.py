"""Whether all charts of a running collector are the truth about a fleet."""

import json
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

from collector.tests.answer.comparing import equal
from footfall_collector.answer.charts import CHARTS
from tests.oracle.fleet import Fleet
from tests.oracle.truth import Asked, Rows, Truth
from tests.oracle.world import DAY, HOUR

COLUMNS = {"version": "product_version", "provider": "ai_provider"}


def fetch(url: str, path: str, **query: str) -> Any:
    """The JSON at a path. Raises urllib.error.HTTPError where the answer is not 200."""
    with urllib.request.urlopen(f"{url}{path}?{urllib.parse.urlencode(query)}", timeout=60) as answer:
        return json.load(answer)


def charts(url: str, query: dict[str, str]) -> dict[str, Rows]:
    """The rows of every chart."""
    return {spec.id: fetch(url, f"/api/charts/{spec.id}", **query)["rows"] for spec in CHARTS}


def queries(fleet: Fleet) -> list[dict[str, str]]:
    """Whole days through the rollups, hours through raw events, with and without filters."""
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


def differences(url: str, fleet: Fleet, truth: Truth, asked: list[dict[str, str]] | None = None) -> list[str]:
    """What is not the truth: chart, query, some rows of both. Empty where all of it is."""
    found = []
    for query in asked or queries(fleet):
        for spec in CHARTS:
            shown = fetch(url, f"/api/charts/{spec.id}", **query)["rows"]
            true = truth.chart(spec.id, _asked(query, spec.filters, spec.daily))
            if not equal(shown, true):
                found.append(f"{spec.id} {query}: {len(shown)} rows, {shown[:3]}; true {len(true)}, {true[:3]}")
    return found


def _asked(query: dict[str, str], carried: tuple[str, ...], daily: bool) -> Asked:
    whole = len(query["end"]) == len("2026-11-24")
    start, end = (int(datetime.fromisoformat(query[key]).replace(tzinfo=UTC).timestamp()) for key in ("start", "end"))
    end += DAY if whole else 0
    if daily:
        start, end = start // DAY * DAY, -(-end // DAY) * DAY
    only = {COLUMNS.get(name, name): value for name, value in query.items() if name in carried and name != "internal"}
    step = DAY if end - start > 2 * DAY else HOUR if end - start > 3 * HOUR else 60
    return Asked(start, end, query["internal"], step, only)
