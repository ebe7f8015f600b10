"""Every version compared with the previous one: first day, adoption, error rate, median duration, regressions."""

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import msgspec

from ...access.changes import Annotation
from ...answer import Answers, Filters, call_source, is_release, is_version, version_key
from ...runtime import utc_stamp
from ..statistics import MIN_CALLS, Effect, find_causes, read_call_cells, wilson_interval
from .known_versions import KnownVersions, known_versions
from .periods import daily_filters, filter_names, without_filters
from .regressions import METHOD, ErrorCount, Regression, VersionUsage, find_regressions, predecessor
from .rows import ChartRow, column_total, rows_as_dicts, share
from .slower_tools import duration_cells, slower_tools

MAX_VERSIONS = 8
"""Versions that are compared, each with the one before; older ones are left out."""

VERDICT_Z = 3.0
"""Standard errors of a certain difference: of `MAX_VERSIONS` equal versions, one in fifty fleets has such a verdict."""

Verdict = Literal["worse", "better", "same", "few", "first"]


class Release(msgspec.Struct, frozen=True):
    """A version compared with the previous one.

    Attributes:
        instances: active in the range.
        established: those of them that are established.
        adoption: share of the active instances of the last whole day.
        error_rate: None without calls.
        low: lower end of the error rate's 95 % interval.
        high: its upper end.
        p50_ms: median duration of all calls.
        before: the version that it is compared with.
        before_calls: its calls.
        difference: of the error rates for the same tools, clients, providers and days.
        verdict: on that difference; `few` where either version has too few calls, `first` without an older version.
        first_seen: UTC day of the version's first event.
    """

    version: str
    instances: int
    established: int
    adoption: float
    calls: int
    errors: int
    error_rate: float | None
    low: float | None
    high: float | None
    p50_ms: float | None
    before: str | None
    before_calls: int | None
    difference: float | None
    verdict: Verdict
    first_seen: str


class ReleaseComparison(msgspec.Struct, frozen=True):
    """The versions of a range, the newest first, and what got worse in them.

    Attributes:
        older: the number of versions that are left out, because they are older than those.
        apart: versions that only instances sent that are not established; they are not compared. The newest first.
        all_count: whether no version has an established instance yet, so that every version is compared.
        note: how a regression is detected.
        not_applied: filters that the comparison does not use: one by version.
        scope: what counts, in one phrase.
    """

    releases: list[Release]
    regressions: list[Regression]
    older: int
    apart: list[str]
    all_count: bool
    note: str
    not_applied: list[str]
    scope: str


class ReleaseMark(msgspec.Struct, frozen=True):
    """A release on a chart over time.

    Attributes:
        name: the version.
        at: UTC day of its first event.
    """

    name: str
    at: str


def compare_releases(answers: Answers, filters: Filters, today: date) -> ReleaseComparison:
    """Compare all versions of the range; a version among the filters is ignored."""
    of_all_versions = without_filters(filters, "version")
    known = known_versions(answers, filters)
    versions = _newest_versions(answers, of_all_versions, known)
    examined = _examined(answers, of_all_versions, versions)
    chart = answers.releases(of_all_versions)
    instances = {row["product_version"]: (row["instances"], row["established"]) for row in rows_as_dicts(chart)}
    adoption = adoption_shares(rows_as_dicts(answers.chart("versions", daily_filters(of_all_versions))), today)
    releases = [
        _release(version, versions, examined, instances[version], adoption.get(version, 0.0), known.first_seen[version])
        for version in sorted(versions, key=version_key, reverse=True)[:MAX_VERSIONS]
    ]
    apart = sorted(_active_versions(answers, filters) & known.apart, key=version_key, reverse=True)[:MAX_VERSIONS]
    return ReleaseComparison(
        releases=releases,
        regressions=list(examined.regressions),
        older=len(set(known.counted(instances))) - len(releases),
        apart=apart,
        all_count=known.all_count,
        note=METHOD,
        not_applied=[name for name in filter_names(filters) if name == "version"],
        scope=chart.scope,
    )


def regressions_in_range(answers: Answers, filters: Filters) -> list[Regression]:
    """The regressions of the versions that are active under the filters, the newest version's first."""
    return list(_examined(answers, filters).regressions)


def release_marks(answers: Answers, filters: Filters) -> list[ReleaseMark]:
    """The releases whose first event is in this period, the oldest first.

    Pre-releases are left out, and so are all but the newest `MAX_VERSIONS`, which keeps the marks readable.
    """
    known = known_versions(answers, filters)
    days = {version: known.first_seen[version] for version in known.counted(known.first_seen)}
    inside = [version for version, day in days.items() if is_release(version) and day >= f"{filters.start:%Y-%m-%d}"]
    if days and all(version in inside for version in days):
        # Counting began in this period: the versions of its first day were released earlier.
        first_day = min(days.values())
        inside = [version for version in inside if days[version] > first_day]
    newest = sorted(inside, key=version_key)[-MAX_VERSIONS:]
    return [ReleaseMark(version, days[version]) for version in newest]


def _active_versions(answers: Answers, filters: Filters) -> set[str]:
    rows = rows_as_dicts(answers.releases(filters))
    return {row["product_version"] for row in rows if is_version(row["product_version"])}


def _newest_versions(answers: Answers, filters: Filters, known: KnownVersions) -> dict[str, VersionUsage]:
    """Errors and durations of the newest `MAX_VERSIONS` versions that count, and of the one before them."""
    errors: defaultdict[str, dict[str, ErrorCount]] = defaultdict(dict)
    for row in rows_as_dicts(answers.release_tools(filters)):
        errors[row["product_version"]][row["tool"]] = (row["errors"], row["calls"])
    durations: defaultdict[str, defaultdict[str, dict[float, int]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows_as_dicts(answers.release_durations(filters)):
        durations[row["product_version"]][row["tool"]][row["duration_ms"]] = row["calls"]
    newest = sorted(known.counted(_active_versions(answers, filters)), key=version_key, reverse=True)
    return {version: VersionUsage(errors[version], durations[version]) for version in newest[: MAX_VERSIONS + 1]}


@dataclass(frozen=True)
class _Examined:
    """What is found in the errors and durations of the versions that count.

    Attributes:
        effects: of each version, without causes of versions.
        dispersion: see `compare_error_rates`.
    """

    effects: Mapping[str, Effect]
    dispersion: float
    regressions: Sequence[Regression]


def _examined(answers: Answers, filters: Filters, versions: Collection[str] = ()) -> _Examined:
    """Of some moments ago where it takes a second and events come in all the time; all of `versions` are in it."""
    return answers.shared_results.get(
        ("releases", filters.question),
        answers.revision,
        lambda: _examine(answers, filters),
        lambda examined: examined.effects.keys() >= set(versions),
    )


def _examine(answers: Answers, filters: Filters) -> _Examined:
    known = known_versions(answers, filters)
    versions = _newest_versions(answers, filters, known)
    in_order = sorted(versions, key=version_key)
    source = replace(call_source(answers, filters), apart=known.apart, established=not known.all_count)
    cells, _ = read_call_cells(source, in_order)
    search = find_causes(cells, in_order)
    cells_of = duration_cells(answers, filters, established=not known.all_count)
    return _Examined(
        {version: search.effect_of_version(version) for version in versions},
        search.dispersion,
        find_regressions(versions, search.causes, slower_tools(versions, cells_of)),
    )


def _release(
    version: str,
    versions: dict[str, VersionUsage],
    examined: _Examined,
    instances: tuple[int, int],
    adoption: float,
    first_seen: str,
) -> Release:
    errors, calls = versions[version].total_errors
    low, high = wilson_interval(errors, calls) if calls else (None, None)
    older = predecessor(version, list(versions))
    verdict: Verdict = "first"
    difference = None
    if older:
        effects = examined.effects
        verdict, difference = compare_error_rates(effects[version], effects[older], examined.dispersion)
    return Release(
        version=version,
        instances=instances[0],
        established=instances[1],
        adoption=adoption,
        calls=calls,
        errors=errors,
        error_rate=share(errors, calls),
        low=low,
        high=high,
        p50_ms=versions[version].median_ms,
        before=older,
        before_calls=versions[older].total_errors[1] if older else None,
        difference=difference,
        verdict=verdict,
        first_seen=first_seen,
    )


def compare_error_rates(after: Effect, before: Effect, dispersion: float) -> tuple[Verdict, float | None]:
    """The verdict, and the difference of the error rates for the same calls; None where a side has too few calls.

    `expected` of each side are the errors that are usual for its tools, clients, providers and days. `dispersion` is
    how much larger variances are than those of independent calls.
    """
    if after.calls < MIN_CALLS or before.calls < MIN_CALLS:
        return "few", None
    # Half an error on each side keeps the logarithm finite.
    ratio = (after.errors + 0.5) / (after.expected + 0.5) / ((before.errors + 0.5) / (before.expected + 0.5))
    spread = VERDICT_Z * math.sqrt(dispersion * (1 / (after.errors + 0.5) + 1 / (before.errors + 0.5)))
    rate = after.errors / after.calls
    difference = rate - rate / ratio if after.errors else -before.errors / before.calls
    is_certain = abs(math.log(ratio)) > spread
    return ("same" if not is_certain else "worse" if ratio > 1 else "better"), difference


def adoption_shares(days: list[ChartRow], today: date) -> dict[str, float]:
    """Version → its share of a day's instances: the last whole day, or today where there is no other."""
    whole_days = [str(row["day"]) for row in days if str(row["day"]) < today.isoformat()]
    last = max(whole_days or [str(row["day"]) for row in days], default="")
    active = [row for row in days if str(row["day"]) == last]
    whole = column_total(active, "instances")
    shares = {row["product_version"]: share(row["instances"], whole) for row in active}
    return {version: part for version, part in shares.items() if is_version(version) and part is not None}


def newest_release_adoption(days: list[ChartRow], today: date, known: KnownVersions) -> tuple[str, float] | None:
    """The newest release that counts and its adoption; the newest pre-release where there is no release.

    None where no such version was active.
    """
    names = {*known.counted(row["product_version"] for row in days)}
    if not names:
        return None
    newest = max([name for name in names if is_release(name)] or names, key=version_key)
    return newest, adoption_shares(days, today).get(newest, 0.0)


class ShownAnnotations(msgspec.Struct, frozen=True):
    """The annotations of a period, the earliest first."""

    annotations: list[Annotation]


def stored_annotations(answers: Answers, filters: Filters) -> list[Annotation]:
    """Those that someone added; of the filters only the product and the range count."""
    if answers.annotations is None:
        return []
    return answers.annotations.between(filters.product, utc_stamp(filters.start), utc_stamp(filters.end))


def shown_annotations(answers: Answers, filters: Filters) -> ShownAnnotations:
    """The same, with the releases that events show by themselves."""
    releases = [
        Annotation("", f"{mark.at}T00:00:00Z", f"{mark.name} first seen", filters.product, "events")
        for mark in release_marks(answers, filters)
    ]
    return ShownAnnotations(sorted([*stored_annotations(answers, filters), *releases], key=lambda each: each.at))
