"""Every version against the one before it: when it was first seen, how far it is adopted, and how it fares."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

from ...answer import Answers, Filters, is_release, is_version, version_key
from .periods import ever, narrowed
from .records import Record, records, share, total
from .regressions import FEW_CALLS, NOTE, Version, one_before, regressions
from .statistics import newcombe, wilson

COMMON = ("version", "provider", "internal")
BY_CALL = ("tool", "mcp_client")
SHOWN = 8
"""Versions compared; older ones are not looked at."""


def compared(answers: Answers, filters: Filters, today: date) -> dict[str, Any]:
    """`{"releases": […newest first], "regressions": […], "note": how a regression is told, "not_applied": […]}`.

    Every version is compared, so a version in the filters doesn't count. Instances and adoption are None where a
    filter is about calls, since a version's instances are not told by them.
    """
    everything = narrowed(filters, ("provider", "internal", *BY_CALL))
    versions = _newest(answers, everything)
    born = first_seen(answers, filters)
    found = [_release(version, versions) | {"first_seen": born[version]} for version in _ordered(versions)]
    if not any(name in filters.extra for name in BY_CALL):
        seen = {row["product_version"]: row["instances"] for row in records(answers.releases(everything))}
        active = adoption(records(answers.chart("versions", everything)), today)
        for release in found:
            release |= {"instances": seen[release["version"]], "adoption": active.get(release["version"], 0.0)}
    spared = [name for name in filters.given if name not in (*COMMON, *BY_CALL)]
    return {"releases": found, "regressions": regressions(versions), "note": NOTE, "not_applied": spared}


def flagged(answers: Answers, filters: Filters) -> list[dict[str, Any]]:
    """The regressions of the versions that were seen under the filters, the newest version's first."""
    return regressions(_newest(answers, filters))


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


def _newest(answers: Answers, filters: Filters) -> dict[str, Version]:
    """What the newest few versions' tools did, by version."""
    rates: defaultdict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for row in records(answers.release_tools(filters)):
        rates[row["product_version"]][row["tool"]] = (row["errors"], row["calls"])
    durations: defaultdict[str, defaultdict[str, dict[float, int]]] = defaultdict(lambda: defaultdict(dict))
    for row in records(answers.release_durations(filters)):
        durations[row["product_version"]][row["tool"]][row["duration_ms"]] = row["calls"]
    seen = [row["product_version"] for row in records(answers.releases(narrowed(filters, COMMON)))]
    newest = sorted((version for version in seen if is_version(version)), key=version_key, reverse=True)[:SHOWN]
    return {version: Version(rates[version], durations[version]) for version in newest}


def _ordered(versions: Mapping[str, Version]) -> list[str]:
    return sorted(versions, key=version_key, reverse=True)


def _release(version: str, versions: Mapping[str, Version]) -> dict[str, Any]:
    errors, calls = versions[version].rate
    low, high = wilson(errors, calls) if calls else (None, None)
    older = one_before(version, list(versions))
    verdict, difference = judge((errors, calls), versions[older].rate) if older else ("first", None)
    return {
        "version": version,
        "instances": None,
        "adoption": None,
        "calls": calls,
        "errors": errors,
        "error_rate": errors / calls if calls else None,
        "low": low,
        "high": high,
        "p50_ms": versions[version].median,
        "before": older,
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


def adoption(days: list[Record], today: date) -> dict[str, float]:
    """Version → its share of a day's instances: of the last day that is over, where there is one."""
    over = [str(row["day"]) for row in days if str(row["day"]) < today.isoformat()]
    last = max(over or [str(row["day"]) for row in days], default="")
    active = [row for row in days if str(row["day"]) == last]
    shares = {row["product_version"]: share(row["instances"], total(active, "instances")) for row in active}
    return {version: part for version, part in shares.items() if is_version(version) and part is not None}


def adopted(days: list[Record], today: date) -> tuple[str, float] | None:
    """The newest release and its adoption; None where no version was seen.

    A pre-release is the newest only where there is nothing else.
    """
    names = {row["product_version"] for row in days if is_version(row["product_version"])}
    if not names:
        return None
    newest = max([name for name in names if is_release(name)] or names, key=version_key)
    return newest, adoption(days, today).get(newest, 0.0)
