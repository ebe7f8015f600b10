"""The sentences that open each page, computed from the charts. Pure functions: rows in, one or two sentences out.

The texts carry the markup of `markup`; every value that a sender chose stands in `code`.
"""

from collections.abc import Callable
from datetime import date, timedelta

from footfall.catalogue import OTHER

from ...answer import version_key
from ...runtime import quantity
from .event_names import event_name
from .markup import code, tool_name
from .regressions import Regression
from .rows import ChartRow, column_total, share, totals_by
from .units import format_milliseconds, format_percent

MIN_CALLS_FOR_RATE = 20
"""Rates of fewer calls are not mentioned."""

NO_EVENTS = "Nothing was counted in this time range."
NO_EVENTS_EVER = "No event has arrived yet."


def only_internal(events: int) -> str:
    """The answer where every counted event is internal and hidden."""
    verb = "was" if events == 1 else "were"
    return f"Only **{quantity(events, 'internal event')}** (CI and tests) {verb} counted in this time range."


def overview(
    usage: list[ChartRow], errors: list[ChartRow], calls_before: int, callers: int, calls_ended: int | None = None
) -> str:
    """Calls, calling instances, the most called tool and the error rate.

    `calls_before` is compared with `calls_ended`: the calls of the days that are over, where that are not all.
    """
    calls = column_total(usage, "calls")
    if not calls:
        return NO_EVENTS
    text = f"**{quantity(callers, 'instance')}** made **{quantity(calls, 'tool call')}**"
    if calls_before >= MIN_CALLS_FOR_RATE:
        text += f", {_calls_change(calls if calls_ended is None else calls_ended, calls_before)}"
    rate = share(column_total(errors, "errors"), column_total(errors, "calls"))
    if len(usage) > 1:
        restriction, top = _top_tool(usage, lambda row: row["calls"], min_calls=0)
        text += f"; {restriction[:1].lower()}{restriction[1:]}{code(top['tool'])} is called most"
    if rate is None:
        return f"{text}."
    return f"{text}, and **{format_percent(rate)}** of all calls fail." if rate else f"{text}, and none failed."


def _without_other(rows: list[ChartRow], column: str) -> list[ChartRow]:
    """The rows without `other`, which tells a reader nothing; all rows where there is only `other`."""
    return [row for row in rows if row[column] != OTHER] or rows


def _top_tool(
    rows: list[ChartRow], value: Callable[[ChartRow], float], min_calls: int = MIN_CALLS_FOR_RATE
) -> tuple[str, ChartRow]:
    """The row of the highest value among named tools with at least `min_calls` calls, after the start of its sentence.

    That start restricts the claim where the chart shows a higher value of a tool that is left out; else it is empty.
    """
    enough = [row for row in rows if row["calls"] >= min_calls]
    top = max(_without_other(enough, "tool"), key=value)
    higher = [row for row in rows if row["calls"] and value(row) > value(top)]
    if not higher:
        return "", top
    few = any(row["calls"] < min_calls for row in higher)
    if all(row["tool"] == OTHER and row["calls"] >= min_calls for row in higher):
        return "Apart from unlisted tools, ", top
    named = "named " if few and any(row["tool"] == OTHER and row["calls"] >= min_calls for row in higher) else ""
    return f"Of the {named}tools with {min_calls} calls or more, ", top


def _largest(sums: dict[str, int]) -> tuple[str, int]:
    return next((item for item in sums.items() if item[0] != OTHER), next(iter(sums.items())))


def _calls_change(now: int, before: int) -> str:
    ratio = now / before - 1
    if abs(ratio) < 0.02:
        return "about as many as in the previous period"
    return f"{format_percent(abs(ratio))} {'more' if ratio > 0 else 'fewer'} than in the previous period"


def tools(
    usage: list[ChartRow], instances: int, durations: list[ChartRow], focus: str | None, regressions: list[Regression]
) -> str:
    """The tool that most instances use and its regression, the next one, and the slowest.

    `focus` is the tool that the page is filtered by: the sentence is about that tool only.
    """
    calls = column_total(usage, "calls")
    ranked = sorted(_without_other(usage, "tool"), key=lambda row: (-row["instances"], -row["calls"]))
    chosen = [row for row in ranked if focus in (None, row["tool"])]
    if not calls or not chosen:
        return NO_EVENTS
    top = chosen[0]
    reach = share(top["instances"], instances)
    text = (
        f"{code(top['tool'])} is used by **{format_percent(reach)} of instances**"
        if reach
        else f"{code(top['tool'])} is used most"
    )
    text += f" and makes up {format_percent(top['calls'] / calls)} of all calls"
    if worse := next((regression for regression in regressions if regression.tool == top["tool"]), None):
        measure, shown = ("error rate", format_percent) if worse.kind == "errors" else ("median", format_milliseconds)
        text += f"; {{bad|its {measure} rose from {shown(worse.was)} to {shown(worse.now)}}} in {code(worse.version)}"
    if len(chosen) > 1:
        text += f"; {code(chosen[1]['tool'])} comes next"
    return f"{text}{_speed(durations, focus)}."


def _speed(durations: list[ChartRow], focus: str | None) -> str:
    known = [row for row in durations if row["calls"] >= MIN_CALLS_FOR_RATE and focus in (None, row["tool"])]
    if focus and known:
        return f". Half of its calls take longer than **{format_milliseconds(known[0]['p50_ms'])}**"
    if len(known) < 2:
        return ""
    restriction, slowest = _top_tool(durations, lambda row: row["p50_ms"])
    text = f"{code(slowest['tool'])} is the slowest, with a median of **{format_milliseconds(slowest['p50_ms'])}**"
    return f". {restriction}{text}"


def errors(
    rates: list[ChartRow], before: list[ChartRow], classes: list[ChartRow], ended: list[ChartRow] | None = None
) -> str:
    """The error rate, its change, the most frequent error class, and the tool that fails most often.

    `ended` are the rates that those `before` are compared with, where they are not those of the whole range.
    """
    calls, failed = column_total(rates, "calls"), column_total(rates, "errors")
    if not calls:
        return NO_EVENTS
    if not failed:
        return f"No call failed: **all {quantity(calls, 'call')}** succeeded."
    rate = failed / calls
    change = _rate_change(rates if ended is None else ended, before)
    text = f"**{format_percent(rate)}** of {quantity(calls, 'call')} failed{change}"
    kinds = totals_by(classes, "error_type", "errors")
    if kinds:
        kind, errors_of_kind = _largest(kinds)
        part = share(errors_of_kind, sum(kinds.values())) or 0.0
        where = max((row for row in classes if row["error_type"] == kind), key=lambda row: row["errors"])
        text += f"; {code(kind)} is {format_percent(part)} of the errors, most often in {tool_name(where['tool'])}"
    worst = [row for row in _without_other(rates, "tool") if row["calls"] >= MIN_CALLS_FOR_RATE and row["errors"]]
    if len(worst) > 1:
        restriction, tool = _top_tool(rates, lambda row: row["errors"] / row["calls"])
        failing = format_percent(tool["errors"] / tool["calls"])
        text += f". {restriction}{code(tool['tool'])} fails most often (**{failing}** of calls)"
    return f"{text}."


def _rate_change(ended: list[ChartRow], before: list[ChartRow]) -> str:
    calls, failed = column_total(before, "calls"), column_total(before, "errors")
    rate = share(column_total(ended, "errors"), column_total(ended, "calls"))
    if calls < MIN_CALLS_FOR_RATE or not failed or rate is None:
        return ""
    was = failed / calls
    if abs(rate - was) < max(0.1 * was, 0.001):
        return f", as before ({format_percent(was)})"
    return f", {{bad|up from {format_percent(was)}}}" if rate > was else f", {{good|down from {format_percent(was)}}}"


def clients(providers: list[ChartRow], connected: list[ChartRow], instances: int) -> str:
    """The leading provider and client. `instances` counts all active instances, with or without a provider."""
    parts = []
    by_provider = totals_by(providers, "ai_provider", "instances")
    if sum(by_provider.values()) and instances:
        parts.append(_leaders(by_provider, instances, "of instances use"))
    by_client = totals_by(connected, "mcp_client", "connections")
    if connections := sum(by_client.values()):
        parts.append(_leaders(by_client, connections, "of connections come from"))
    return "; ".join(parts) + "." if parts else NO_EVENTS


def _leaders(sums: dict[str, int], whole: int, verb: str) -> str:
    first, largest = _largest(sums)
    others = [item for item in sums.items() if item[0] not in (first, OTHER)]
    text = f"**{format_percent(largest / whole)}** {verb} {code(first)}"
    tied = [name for name, number in others if number == largest]
    if tied:
        each = "each " if len(tied) > 1 else ""
        return f"{text}, and as many {each}{verb.rpartition(' ')[2]} {_list_names(tied, 'others')}"
    if others and [number for _, number in others].count(others[0][1]) == 1:
        text += f", ahead of {code(others[0][0])} with {format_percent(others[0][1] / whole)}"
    return text


def events(rows: list[ChartRow], scope: str = "events") -> str:
    """How many events of how many kinds, and the most frequent kind. `scope` says which of them count."""
    counts = totals_by(rows, "event", "events")
    whole = sum(counts.values())
    if not whole:
        return NO_EVENTS
    name, largest = _largest(counts)
    # Events of any name are counted through their instances, tool calls on other pages by themselves.
    those = f" {scope.removeprefix('events ')}," if scope.startswith("events of instances") else ""
    if len(counts) == 1:
        return f"**{quantity(whole, 'event')}**{those or ','} all of them {event_name(name)}."
    part = format_percent(largest / whole)
    return f"**{quantity(whole, 'event')}**{those} of {len(counts)} kinds; **{part}** are {event_name(name)}."


def next_steps(
    adoption: tuple[str, float] | None,
    kubernetes: list[ChartRow],
    cohorts: list[ChartRow],
    regressions: list[Regression],
    today: date,
) -> str:
    """Adoption and regressions of the newest version, the most common Kubernetes version, and returning instances."""
    parts = []
    if adoption is not None:
        version, part = adoption
        parts.append(f"**{format_percent(part)} of the last day's instances** run {code(version)}, the newest version")
        worse = [regression.tool for regression in regressions if regression.version == version]
        if worse:
            parts[-1] += f", in which {{bad|{_tools_that_got_worse(worse)}}}"
    minors = totals_by(
        [{**row, "minor": _minor_version(row["k8s_version"])} for row in kubernetes], "minor", "instances"
    )
    if sum(minors.values()):
        unknown = sum(row["instances"] for row in kubernetes if not row["k8s_version"])
        parts.append(_most_common_kubernetes(minors) + (" of instances that report a version" if unknown else ""))
    returning = returning_share(cohorts, today)
    if returning is not None:
        parts.append(f"**{format_percent(returning)}** of new instances come back in the week after")
    return "; ".join(parts) + "." if parts else NO_EVENTS


def _tools_that_got_worse(names: list[str]) -> str:
    """`names`: the most affected one first."""
    names = list(dict.fromkeys(names))
    if len(names) > 2:
        return f"{len(names)} tools got worse, {tool_name(names[0])} most"
    return f"{_list_names(names)} got worse"


def _most_common_kubernetes(minors: dict[str, int]) -> str:
    name, largest = _largest(minors)
    part = format_percent(largest / sum(minors.values()))
    tied = [other for other, number in minors.items() if number == largest and other not in (name, OTHER)]
    if not tied:
        known = " of the known ones" if minors.get(OTHER, 0) > largest else ""
        return f"Kubernetes {code(name)} is the most common{known} with {part}"
    names = [code(each) for each in sorted([name, *tied], key=version_key)]
    return f"Kubernetes {', '.join(names[:-1])} and {names[-1]} are equally common with {part} each"


def _minor_version(version: str | None) -> str | None:
    return None if not version else ".".join(version.split("-")[0].split(".")[:2])


def _list_names(names: list[str], noun: str = "other tools") -> str:
    shown = [tool_name(name) for name in names[:2]]
    return " and ".join(shown) if len(names) <= 2 else f"{shown[0]} and {len(names) - 1} {noun}"


def returning_share(cohorts: list[ChartRow], today: date) -> float | None:
    """The share of new instances that were active again in their second week; None before such a week is over."""
    whole = {cohort for cohort in (row["cohort"] for row in cohorts) if _end_of_week_after(cohort) <= today}
    first, after = (
        sum(row["instances"] for row in cohorts if row["week"] == week and row["cohort"] in whole) for week in (0, 1)
    )
    return share(after, first)


def _end_of_week_after(cohort: str) -> date:
    return date.fromisoformat(cohort) + timedelta(days=14)
