"""Every version against the one before it: adoption, error rate with its interval, and the tools that got worse."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..answer import Answers, Filters
from .intervals import discoveries, newcombe, rise_p_value, wilson
from .records import Record, records, total
from .sentences import percent
from .versions import is_version, version_key

SHOWN = 8
"""Versions compared; older ones are not looked at."""
FEW_CALLS = 30
"""Below this many calls of either version nothing is said about a tool."""
FALSE_SHARE = 0.02
"""The share of flags that may be false on average; the promise is 5 %, the rest is margin for what is not independent."""

Rates = Mapping[str, tuple[int, int]]
"""Tool → (errors, calls)."""

NOTE = (
    "A tool is flagged when its error rate rose by more than chance explains (score test over all tools and versions, "
    "Benjamini-Hochberg at 2 %, and Newcombe's 95 % interval above zero); at least 30 calls of both versions."
)


def compared(answers: Answers, filters: Filters) -> dict[str, Any]:
    """`{"releases": […newest first], "regressions": […], "note": how a regression is told}`."""
    everything = replace(filters, version=None)
    seen = first_seen(records(answers.chart("versions", everything)))
    newest = sorted(seen, key=version_key, reverse=True)[:SHOWN]
    rates = {version: _rates(answers, replace(filters, version=version)) for version in newest}
    found = [_release(version, rates, newest, seen[version]) for version in newest]
    return {"releases": found, "regressions": regressions(rates), "note": NOTE}


def first_seen(days: list[Record]) -> dict[str, Record]:
    """Version → the row of the day on which it was first seen, with the most instances of a day as `instances`."""
    found: dict[str, Record] = {}
    for row in sorted(days, key=lambda row: str(row["day"])):
        version = row["product_version"]
        if is_version(version):
            first = found.setdefault(version, dict(row))
            first["instances"] = max(first["instances"], row["instances"])
    return found


def _rates(answers: Answers, filters: Filters) -> Rates:
    return {row["tool"]: (row["errors"], row["calls"]) for row in records(answers.chart("tool-errors", filters))}


def _sum(rates: Rates) -> tuple[int, int]:
    return sum(errors for errors, _ in rates.values()), sum(calls for _, calls in rates.values())


def _release(version: str, rates: Mapping[str, Rates], newest: list[str], seen: Record) -> dict[str, Any]:
    errors, calls = _sum(rates[version])
    low, high = wilson(errors, calls) if calls else (None, None)
    older = newest[newest.index(version) + 1 :]
    before = _sum(rates[older[0]]) if older else (0, 0)
    verdict, difference = judge((errors, calls), before) if older else ("first", None)
    return {
        "version": version,
        "first_seen": seen["day"],
        "instances": seen["instances"],
        "calls": calls,
        "errors": errors,
        "error_rate": errors / calls if calls else None,
        "low": low,
        "high": high,
        "before": older[0] if older else None,
        "difference": difference,
        "verdict": verdict,
    }


def judge(after: tuple[int, int], before: tuple[int, int]) -> tuple[str, float | None]:
    """`worse`, `better`, `same` or `few`, and the difference of the error rates; each side is (errors, calls)."""
    if after[1] < FEW_CALLS or before[1] < FEW_CALLS:
        return "few", None
    difference = after[0] / after[1] - before[0] / before[1]
    low, high = newcombe(after, before)
    return ("worse" if low > 0 else "better" if high < 0 else "same"), difference


def regressions(rates: Mapping[str, Rates]) -> list[dict[str, Any]]:
    """The tools that fail more often in a version than in the one before; `rates` by version."""
    ordered = sorted(rates, key=version_key)
    tests = [
        (version, tool, after, rates[older][tool], older)
        for older, version in zip(ordered, ordered[1:], strict=False)
        for tool, after in rates[version].items()
        if tool in rates[older] and min(after[1], rates[older][tool][1]) >= FEW_CALLS
    ]
    believed = discoveries([rise_p_value(after, before) for _, _, after, before, _ in tests], FALSE_SHARE)
    found = []
    for (version, tool, after, before, older), is_believed in zip(tests, believed, strict=True):
        low, high = newcombe(after, before)
        if is_believed and low > 0:
            found.append(_flag(version, tool, after, before, (older, low, high)))
    return sorted(found, key=lambda flag: (version_key(flag["version"]), flag["low"]), reverse=True)


def _flag(
    version: str, tool: str, after: tuple[int, int], before: tuple[int, int], against: tuple[str, float, float]
) -> dict[str, Any]:
    older, low, high = against
    rate, was = after[0] / after[1], before[0] / before[1]
    text = (
        f"fails in {percent(rate)} of {after[1]:,} calls, {percent(was)} in {older}: "
        f"a rise of {percent(low)} to {percent(high)} (points, 95 %)"
    )
    return {
        "version": version,
        "tool": tool,
        "before": older,
        "rate": rate,
        "rate_before": was,
        "low": low,
        "high": high,
        "calls": after[1],
        "text": text,
    }


def adopted(days: list[Record]) -> tuple[str, float] | None:
    """The newest version and its share of the instances of the last day that has any; None where there is none."""
    dated = [row for row in days if is_version(row["product_version"])]
    if not dated:
        return None
    last = max(str(row["day"]) for row in dated)
    today = [row for row in days if str(row["day"]) == last]
    newest = max((row["product_version"] for row in dated), key=version_key)
    whole = total(today, "instances")
    part = sum(row["instances"] for row in today if row["product_version"] == newest)
    return (newest, part / whole) if whole else None
