"""Every version against the one before it: adoption, error rate with its interval, and the tools that got worse."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

from ..answer import Answers, Filters
from .intervals import discoveries, newcombe, rise_p_value, wilson
from .periods import ever, narrowed
from .records import Record, records, share, total
from .sentences import NBSP, percent
from .versions import is_release, is_version, version_key

COMMON = ("version", "provider", "internal")
BY_CALL = ("tool", "mcp_client")
SHOWN = 8
"""Versions compared; older ones are not looked at."""
FEW_CALLS = 30
"""Below this many calls of either version nothing is said about a tool."""
FALSE_SHARE = 0.02
"""The share of flags that may be false on average. The promise is 5 %; the rest is for what is not independent."""

Rates = Mapping[str, tuple[int, int]]
"""Tool → (errors, calls)."""

NOTE = (
    "A tool is flagged when its error rate rose by more than chance explains (score test over all tools and versions, "
    "Benjamini-Hochberg at 2 %, and Newcombe's 95 % interval above zero); at least 30 calls of both versions."
)


def compared(answers: Answers, filters: Filters) -> dict[str, Any]:
    """`{"releases": […newest first], "regressions": […], "note": how a regression is told, "not_applied": […]}`.

    Every version is compared, so a version in the filters doesn't count. Instances are None where a filter is about
    calls, since a version's instances are not told by them.
    """
    everything = narrowed(filters, ("provider", "internal", *BY_CALL))
    rates = _rates_of_newest(answers, everything)
    seen = {row["product_version"]: row for row in records(answers.releases(narrowed(everything, COMMON)))}
    born = first_seen(answers, filters)
    by_call = any(name in filters.extra for name in BY_CALL)
    found = [
        _release(version, rates, born[version], None if by_call else seen[version]["instances"])
        for version in sorted(rates, key=version_key, reverse=True)
    ]
    spared = [name for name in filters.given if name not in (*COMMON, *BY_CALL)]
    return {"releases": found, "regressions": regressions(rates), "note": NOTE, "not_applied": spared}


def flagged(answers: Answers, filters: Filters) -> list[dict[str, Any]]:
    """The regressions of the versions that were seen under the filters, the newest version's first."""
    return regressions(_rates_of_newest(answers, filters))


def marks(answers: Answers, filters: Filters) -> list[dict[str, str]]:
    """`[{"name": version, "at": day}]` for versions that were never seen before this period, the oldest first.

    Pre-releases are left out, and so are all but the newest few: marks are to be read.
    """
    born = first_seen(answers, filters)
    inside = [version for version, day in born.items() if is_release(version) and day >= f"{filters.start:%Y-%m-%d}"]
    if born and all(version in inside for version in born):
        # Counting began in this period: what was running then is no release of that day.
        began = min(born.values())
        inside = [version for version in inside if born[version] > began]
    newest = sorted(inside, key=version_key)[-SHOWN:]
    return [{"name": version, "at": born[version]} for version in newest]


def first_seen(answers: Answers, filters: Filters) -> dict[str, str]:
    """Version → the day on which it was first seen at all, by internal or other events as the filters say."""
    rows = records(answers.releases(narrowed(ever(filters), ())))
    return {row["product_version"]: row["first_seen"] for row in rows if is_version(row["product_version"])}


def _rates_of_newest(answers: Answers, filters: Filters) -> dict[str, Rates]:
    rows = records(answers.releases(narrowed(filters, COMMON)))
    versions = [row["product_version"] for row in rows if is_version(row["product_version"])]
    newest = sorted(versions, key=version_key, reverse=True)[:SHOWN]
    return {version: _rates(answers, replace(filters, version=version)) for version in newest}


def _rates(answers: Answers, filters: Filters) -> Rates:
    return {row["tool"]: (row["errors"], row["calls"]) for row in records(answers.chart("tool-errors", filters))}


def _sum(rates: Rates) -> tuple[int, int]:
    return sum(errors for errors, _ in rates.values()), sum(calls for _, calls in rates.values())


def _release(version: str, rates: Mapping[str, Rates], born: str, instances: int | None) -> dict[str, Any]:
    errors, calls = _sum(rates[version])
    low, high = wilson(errors, calls) if calls else (None, None)
    older = [other for other in sorted(rates, key=version_key) if version_key(other) < version_key(version)]
    before = _sum(rates[older[-1]]) if older else (0, 0)
    verdict, difference = judge((errors, calls), before) if older else ("first", None)
    return {
        "version": version,
        "first_seen": born,
        "instances": instances,
        "calls": calls,
        "errors": errors,
        "error_rate": errors / calls if calls else None,
        "low": low,
        "high": high,
        "before": older[-1] if older else None,
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
        for older, version in pairwise(ordered)
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
        f"a rise by {100 * low:.1f} to {100 * high:.1f} percentage points (95{NBSP}% interval)"
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


def adopted(days: list[Record], today: date) -> tuple[str, float] | None:
    """The newest release and its share of a day's instances: of the last day that is over, where there is one.

    None where no version was seen. A pre-release is the newest only where there is nothing else.
    """
    dated = [row for row in days if is_version(row["product_version"])]
    if not dated:
        return None
    names = {row["product_version"] for row in dated}
    newest = max([name for name in names if is_release(name)] or names, key=version_key)
    over = [str(row["day"]) for row in days if str(row["day"]) < today.isoformat()]
    last = max(over or [str(row["day"]) for row in days])
    active = [row for row in days if str(row["day"]) == last]
    part = share(
        sum(row["instances"] for row in active if row["product_version"] == newest), total(active, "instances")
    )
    return None if part is None else (newest, part)
