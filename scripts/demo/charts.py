"""Reads the collector's charts over its public API."""

import json
import urllib.parse
import urllib.request
from typing import Any

import anyio

from scripts.demo.plan import DemoError

SEEN_SECONDS = 30.0
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def chart(collector: str, name: str, **filters: str) -> list[dict[str, Any]]:
    """The rows of a chart of dot-ai, each as column → value; `filters` can exclude internal runs."""
    query = urllib.parse.urlencode({"product": "dot-ai", "internal": "all", **filters})
    with _direct.open(f"{collector}/api/charts/{name}?{query}", timeout=10) as answer:
        found = json.load(answer)
    return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]


async def wait_for_calls(collector: str, calls: int) -> None:
    """Wait until the charts count exactly `calls` tool calls.

    Raises:
        DemoError: they don't within half a minute.
    """
    seen = 0
    with anyio.move_on_after(SEEN_SECONDS):
        while seen != calls:
            await anyio.sleep(0.25)
            rows = await anyio.to_thread.run_sync(chart, collector, "tool-usage", abandon_on_cancel=True)
            seen = sum(int(row["calls"]) for row in rows)
    if seen != calls:
        raise DemoError(f"{calls} tool calls were made, but after {SEEN_SECONDS:g} s the charts count {seen}")
