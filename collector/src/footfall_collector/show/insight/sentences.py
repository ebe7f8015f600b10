"""The answer that each page opens with, computed from the charts. Pure functions: records in, one sentence or two out.

The texts carry a small markup that the page turns into elements: `code`, **strong**, {bad|worse} and {good|better}.
"""

from collections.abc import Callable
from datetime import date, timedelta

from footfall.catalogue import OTHER

from ...answer import version_key
from ...runtime import count
from .records import Record, share, total, totals_by

FEW_CALLS = 20
"""Below this many calls a rate is not worth a sentence."""

NBSP = "\u00a0"
"""Between a number and its unit: a line never ends there."""

NO_EVENTS = "Nothing was counted in this time range."
NO_EVENTS_EVER = "Nothing has arrived yet."

_DURATIONS = ((1000, 1, "ms"), (60_000, 1000, "s"), (3_600_000, 60_000, "min"), (float("inf"), 3_600_000, "h"))


def percent(ratio: float) -> str:
    """`61 %`, `4.2 %`, `<0.1 %`."""
    value = ratio * 100
    if 0 < value < 0.1:
        return f"<0.1{NBSP}%"
    return f"{value:.0f}{NBSP}%" if value >= 10 or value == round(value) else f"{value:.1f}{NBSP}%"


def only_internal(events: int) -> str:
    """What to say where everything that was counted is hidden."""
    verb = "was" if events == 1 else "were"
    return f"Only **{count(events, 'internal event')}** (CI and tests) {verb} counted in this time range."


def overview(usage: list[Record], errors: list[Record], calls_before: int, callers: int) -> str:
    """How much was used, by how many, and how well it went."""
    calls = total(usage, "calls")
    if not calls:
        return NO_EVENTS
    text = f"**{count(callers, 'instance')}** made **{count(calls, 'tool call')}**"
    if calls_before >= FEW_CALLS:
        text += f", {_change(calls, calls_before)}"
    rate = share(total(errors, "errors"), total(errors, "calls"))
    if len(usage) > 1:
        found, top = _most(usage, lambda row: row["calls"], least=0)
        text += f"; {found[:1].lower()}{found[1:]}`{top['tool']}` is called most"
    return f"{text}, and **{percent(rate)}** of all calls fail." if rate is not None else f"{text}."


def _named(rows: list[Record], column: str) -> list[Record]:
    """The rows that have a name of their own: `other` says nothing to a reader, unless there is nothing else."""
    return [row for row in rows if row[column] != OTHER] or rows


def _most(rows: list[Record], value: Callable[[Record], float], least: int = FEW_CALLS) -> tuple[str, Record]:
    """The row of the highest value among named tools with so many calls, and of which rows it is the highest.

    The latter is nothing unless the chart shows a higher value of a tool that was left out.
    """
    enough = [row for row in rows if row["calls"] >= least]
    top = max(_named(enough, "tool"), key=value)
    higher = [row for row in rows if row["calls"] and value(row) > value(top)]
    if not higher:
        return "", top
    few = any(row["calls"] < least for row in higher)
    if all(row["tool"] == OTHER and row["calls"] >= least for row in higher):
        return f"Apart from `{OTHER}`, ", top
    named = "named " if few and any(row["tool"] == OTHER and row["calls"] >= least for row in higher) else ""
    return f"Of the {named}tools with {least} calls or more, ", top


def _first(sums: dict[str, int]) -> tuple[str, int]:
    return next((item for item in sums.items() if item[0] != OTHER), next(iter(sums.items())))


def _change(now: int, before: int) -> str:
    ratio = now / before - 1
    if abs(ratio) < 0.02:
        return "about as many as in the period before"
    return f"{percent(abs(ratio))} {'more' if ratio > 0 else 'fewer'} than in the period before"


def tools(usage: list[Record], instances: int, durations: list[Record], focus: str | None, flags: list[Record]) -> str:
    """Which tool most instances use, which comes next, what got worse in it, and which is slow.

    `focus` is the tool that the page is filtered by: then the sentence is about that one. `flags` are regressions.
    """
    calls = total(usage, "calls")
    ranked = sorted(_named(usage, "tool"), key=lambda row: (-row["instances"], -row["calls"]))
    chosen = [row for row in ranked if focus in (None, row["tool"])]
    if not calls or not chosen:
        return NO_EVENTS
    top = chosen[0]
    reach = share(top["instances"], instances)
    text = f"`{top['tool']}` is used by **{percent(reach)} of instances**" if reach else f"`{top['tool']}` is used most"
    text += f" and makes up {percent(top['calls'] / calls)} of all calls"
    if flag := next((flag for flag in flags if flag["tool"] == top["tool"]), None):
        what, shown = ("error rate", percent) if flag["kind"] == "errors" else ("median", milliseconds)
        text += f"; {{bad|its {what} rose from {shown(flag['was'])} to {shown(flag['now'])}}} in {flag['version']}"
    if len(chosen) > 1:
        text += f"; `{chosen[1]['tool']}` comes next"
    return f"{text}{_speed(durations, focus)}."


def _speed(durations: list[Record], focus: str | None) -> str:
    known = [row for row in durations if row["calls"] >= FEW_CALLS and focus in (None, row["tool"])]
    if focus and known:
        return f". Half of its calls take longer than **{milliseconds(known[0]['p50_ms'])}**"
    if len(known) < 2:
        return ""
    restriction, slowest = _most(durations, lambda row: row["p50_ms"])
    text = f"`{slowest['tool']}` is the slowest, with a median of **{milliseconds(slowest['p50_ms'])}**"
    return f". {restriction}{text}"


def milliseconds(value: float) -> str:
    """`340 ms`, `4.2 s`, `3 min`."""
    size, unit = next((size, unit) for limit, size, unit in _DURATIONS if value < limit)
    number = f"{value / size:.1f}" if value / size < 9.95 else f"{value / size:.0f}"
    return f"{number.removesuffix('.0')}{NBSP}{unit}"


def errors(rates: list[Record], before: list[Record], classes: list[Record]) -> str:
    """How much fails, whether that is new, and what fails most."""
    calls, failed = total(rates, "calls"), total(rates, "errors")
    if not calls:
        return NO_EVENTS
    if not failed:
        return f"Nothing breaks: **all {count(calls, 'call')}** succeeded."
    rate = failed / calls
    text = f"**{percent(rate)}** of {count(calls, 'call')} failed{_rate_change(rate, before)}"
    kinds = totals_by(classes, "error_type", "errors")
    if kinds:
        kind, errors_of_kind = _first(kinds)
        part = share(errors_of_kind, sum(kinds.values())) or 0.0
        where = max((row for row in classes if row["error_type"] == kind), key=lambda row: row["errors"])
        text += f"; `{kind}` is {percent(part)} of the errors, most often in `{where['tool']}`"
    worst = [row for row in _named(rates, "tool") if row["calls"] >= FEW_CALLS and row["errors"]]
    if len(worst) > 1:
        restriction, tool = _most(rates, lambda row: row["errors"] / row["calls"])
        failing = percent(tool["errors"] / tool["calls"])
        text += f". {restriction}`{tool['tool']}` fails most often, in **{failing}** of its calls"
    return f"{text}."


def _rate_change(rate: float, before: list[Record]) -> str:
    calls, failed = total(before, "calls"), total(before, "errors")
    if calls < FEW_CALLS or not failed:
        return ""
    was = failed / calls
    if abs(rate - was) < max(0.1 * was, 0.001):
        return f", as before ({percent(was)})"
    return f", {{bad|up from {percent(was)}}}" if rate > was else f", {{good|down from {percent(was)}}}"


def clients(providers: list[Record], connected: list[Record], instances: int) -> str:
    """Which provider and which client lead. `instances` are all that were active, whatever their provider."""
    parts = []
    by_provider = totals_by(providers, "ai_provider", "instances")
    if sum(by_provider.values()) and instances:
        parts.append(_leaders(by_provider, instances, "of instances are set up with"))
    by_client = totals_by(connected, "mcp_client", "connections")
    if connections := sum(by_client.values()):
        parts.append(_leaders(by_client, connections, "of connections come from"))
    return "; ".join(parts) + "." if parts else NO_EVENTS


def _leaders(sums: dict[str, int], everything: int, verb: str) -> str:
    first, most = _first(sums)
    rest = [item for item in sums.items() if item[0] not in (first, OTHER)]
    text = f"**{percent(most / everything)}** {verb} `{first}`"
    tied = [name for name, number in rest if number == most]
    if tied:
        each = "each " if len(tied) > 1 else ""
        return f"{text}, and as many {each}{verb.rpartition(' ')[2]} {_names(tied, 'others')}"
    if rest and [number for _, number in rest].count(rest[0][1]) == 1:
        text += f", ahead of `{rest[0][0]}` with {percent(rest[0][1] / everything)}"
    return text


def next_steps(
    adoption: tuple[str, float] | None,
    kubernetes: list[Record],
    cohorts: list[Record],
    worse: list[Record],
    today: date,
) -> str:
    """How far the newest version is adopted and whether it got worse, which Kubernetes to support, who returns."""
    parts = []
    if adoption is not None:
        version, part = adoption
        parts.append(f"**{percent(part)} of active instances run {version}**, the newest version")
        flagged = [flag["tool"] for flag in worse if flag["version"] == version]
        if flagged:
            parts[-1] += f", in which {{bad|{_names(flagged)} got worse}}"
    minors = totals_by([{**row, "minor": _minor(row["k8s_version"])} for row in kubernetes], "minor", "instances")
    if sum(minors.values()):
        silent = sum(row["instances"] for row in kubernetes if not row["k8s_version"])
        parts.append(_common(minors) + (" of those that say one" if silent else ""))
    returning = returned(cohorts, today)
    if returning is not None:
        parts.append(f"**{percent(returning)}** of new instances come back in the week after")
    return "; ".join(parts) + "." if parts else NO_EVENTS


def _common(minors: dict[str, int]) -> str:
    """Which minor versions of Kubernetes are the most common."""
    name, most = _first(minors)
    part = percent(most / sum(minors.values()))
    tied = [other for other, number in minors.items() if number == most and other not in (name, OTHER)]
    if not tied:
        known = " of the known ones" if minors.get(OTHER, 0) > most else ""
        return f"Kubernetes {name} is the most common{known} with {part}"
    names = sorted([name, *tied], key=version_key)
    return f"Kubernetes {', '.join(names[:-1])} and {names[-1]} are equally common with {part} each"


def _minor(version: str | None) -> str | None:
    return None if not version else ".".join(version.split("-")[0].split(".")[:2])


def _names(names: list[str], noun: str = "other tools") -> str:
    shown = [f"`{name}`" for name in names[:2]]
    return " and ".join(shown) if len(names) <= 2 else f"{shown[0]} and {len(names) - 1} {noun}"


def returned(cohorts: list[Record], today: date) -> float | None:
    """The share of instances that were seen in the week after their first; None where no such week is over yet."""
    over = {cohort for cohort in (row["cohort"] for row in cohorts) if _end_of_week_after(cohort) <= today}
    first, after = (
        sum(row["instances"] for row in cohorts if row["week"] == week and row["cohort"] in over) for week in (0, 1)
    )
    return share(after, first)


def _end_of_week_after(cohort: str) -> date:
    return date.fromisoformat(cohort) + timedelta(days=14)
