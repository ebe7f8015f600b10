"""The answer to what explains a difference, and its sentences."""

from datetime import UTC, datetime
from typing import Literal

import msgspec

from ...runtime import quantity
from ..insight import MINUS, Moment, code, format_percent, format_points, tool_name
from ..statistics import Cause, CauseSet
from .contributions import Contribution
from .error_classes import ErrorClassFinding

FindingKind = Literal[
    "tool",
    "provider",
    "client",
    "version",
    "day",
    "client_version",
    "k8s_version",
    "deployment",
    "tools",
    "clients",
    "providers",
]
NOTE = (
    "A model of each tool's usual error rate with each client and provider is compared with what happened. Named are "
    "days on which a provider or all calls failed; clients, versions of Kubernetes and deployments, also such that "
    "fail since some day; and versions of the product and of clients, whichever fits best. Each joins the model before "
    "the next is looked for, so that none is named for what another explains. Corrected for the number of alternatives "
    "and, by Benjamini-Hochberg, of findings. Shifts of calls between tools, clients and providers are distinguished "
    "from changes of their rates. An error class says how calls fail: it accounts for what its own errors add, the "
    "others unchanged. Intervals are 95 %, from the variation between instances; one instance alone is no cause, "
    "and what it adds is left out. Versions that no established instance has run are left out. The version of "
    "Kubernetes, the deployment and the version of a client are those of the instance on that day. Of a large fleet "
    "one in `one_in` instances is analysed, whose calls the findings count; the calls of both sides are those of all."
)


class ComparedCalls(msgspec.Struct, frozen=True):
    """The calls of one side of the comparison.

    Attributes:
        version: where the side is one version.
        scope: the side's segment in one phrase; empty for all calls.
        first_day: UTC, included.
        last_day: UTC, included.
        weekdays_only: whether only the same weekdays as those of the other side are counted.
        error_rate: None without calls.
        value: the measure that is explained; None without calls. Durations are those of the sample; a number is the
            mean of the earlier periods, whose calls and errors are given together.
    """

    version: str | None
    scope: str
    first_day: str
    last_day: str
    weekdays_only: bool
    calls: int
    errors: int
    error_rate: float | None
    value: float | None


class Finding(msgspec.Struct, frozen=True):
    """What accounts for a part of the difference.

    Attributes:
        kind: a `provider`, a `client`, a `version`, a `client_version`, a `k8s_version`, a `deployment`, or a `day` on
            which all calls failed more often than usual; or a shift of calls between `tools`, `clients` or `providers`.
            Where numbers are explained, a `tool` too.
        value: the provider, the client, the deployment, or the first version; None with a day and a shift.
        tools: those that it concerns, the most affected first; empty for a shift, and where numbers are explained.
        start: the UTC day from which on it is seen; None from the first day of the analysis on.
        end: the last UTC day; None up to the last day of the analysis.
        calls: those that it concerns; None for a shift, and where numbers are explained.
        errors: of those calls; None where they are not explained, and for a shift.
        usual_errors: of those calls, without it; None where errors are not explained, and for a shift.
        duration: the percentile of those calls in ms, where durations are explained.
        usual_duration: the same without it.
        now: the calls or instances of the first side, where their number is explained.
        before: the same of the second side.
        ratio: of the errors, the duration or the number to the usual ones; None for a shift, and of nothing usual.
        ratio_low: lower end of the ratio's 95 % interval.
        ratio_high: its upper end.
        p_value: corrected for the number of alternatives; None for a shift.
        effect: its part of the difference; of a number, what is not in proportion to all others.
        low: lower end of the effect's 95 % interval.
        high: its upper end.
        share: its part of the difference, 1 for all of it; negative where it made the difference smaller. None where
            chance explains the whole difference.
        text: a sentence; `code` is markup.
    """

    kind: FindingKind
    value: str | None
    tools: list[str]
    start: str | None
    end: str | None
    calls: int | None
    errors: int | None
    usual_errors: float | None
    duration: float | None
    usual_duration: float | None
    now: float | None
    before: float | None
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    p_value: float | None
    effect: float
    low: float
    high: float
    share: float | None
    text: str

    @classmethod
    def of_shift(
        cls, kind: FindingKind, effect: float, low: float, high: float, share: float | None, text: str
    ) -> "Finding":
        """A shift of calls, which concerns no value."""
        nothing = dict.fromkeys(("value", "start", "end", "calls", "errors", "usual_errors", "duration"))
        nothing |= dict.fromkeys(("usual_duration", "now", "before", "ratio", "ratio_low", "ratio_high", "p_value"))
        return cls(kind=kind, tools=[], effect=effect, low=low, high=high, share=share, text=text, **nothing)


class Explanation(msgspec.Struct, frozen=True):
    """What explains the difference of two error rates, of two percentiles of durations, or of two numbers.

    Attributes:
        measure: `error_rate`, `median`, `p95`, `p99`, `calls` or `instances`.
        unit: of difference and effects: `ratio`, `milliseconds`, `calls` or `instances`.
        answer: one to three sentences; `code` and **strong** are markup.
        difference: of the measure; None where a side has no calls.
        low: lower end of the difference's 95 % interval.
        high: its upper end.
        findings: the largest share first.
        error_classes: the classes of errors that make up the difference, the largest share first; their shares are not
            added to those of findings. Empty where something else than errors is explained.
        error_class_scope: which errors those are, in one phrase, where a condition is about what errors do not carry,
            such as the client: errors of instances with such calls. Empty where they are those of the calls compared.
        unexplained: the part of the difference that no finding accounts for, such as the even growth of everything;
            None where chance explains all of it.
        one_in: the number of instances of which one was analysed; 1 where all were.
        one_day_in: the number of days of which one was analysed; 1 where all were.
        note: how findings are made.
        not_applied: filters that are not used: none, because what calls don't carry filters through their instances.
    """

    measure: str
    unit: Literal["ratio", "milliseconds", "calls", "instances"]
    answer: str
    segment: ComparedCalls
    against: ComparedCalls
    difference: float | None
    low: float | None
    high: float | None
    findings: list[Finding]
    error_classes: list[ErrorClassFinding]
    error_class_scope: str
    unexplained: float | None
    one_in: int
    one_day_in: int
    note: str
    not_applied: list[str]
    generated_at: Moment


def cause_finding(cause: Cause, part: Contribution, difference: float | None) -> Finding:
    """`difference` is that of the error rates; None where chance explains it."""
    effect, concerned = cause.total, cause.set
    tools = [tool for tool, one in cause.tools.items() if one.errors > one.expected]
    share = None if difference is None else part.effect / difference
    text = (
        f"{format_percent(effect.errors / effect.calls)} of {calls_text(effect.calls, concerned, tools)} failed, "
        f"where {format_percent(effect.expected / effect.calls)} are usual "
        f"({cause.ratio:.1f} times as many errors, {cause.low:.1f} to {cause.high:.1f}). "
        f"{part_text(share, part)}"
    )
    return Finding(
        kind=concerned.kind,
        value=concerned.values[0] or None,
        tools=tools,
        start=None if concerned.first_day is None else day_name(concerned.first_day),
        end=None if concerned.last_day is None else day_name(concerned.last_day),
        calls=effect.calls,
        errors=effect.errors,
        usual_errors=effect.expected,
        duration=None,
        usual_duration=None,
        now=None,
        before=None,
        ratio=cause.ratio,
        ratio_low=cause.low,
        ratio_high=cause.high,
        p_value=cause.p_value,
        effect=part.effect,
        low=part.low,
        high=part.high,
        share=share,
        text=text,
    )


def shift_finding(name: str, part: Contribution, difference: float | None) -> Finding:
    kind = shift_kind(name)
    share = None if difference is None else part.effect / difference
    direction = "more" if part.effect > 0 else "less"
    text = f"A larger part of the calls has {kind} that usually fail {direction} often. {part_text(share, part)}"
    return Finding.of_shift(kind, part.effect, part.low, part.high, share, text)


def shift_kind(name: str) -> FindingKind:
    """The kind of a shift of calls between tools, clients or providers."""
    kinds: dict[str, FindingKind] = {"tool": "tools", "client": "clients", "provider": "providers"}
    return kinds[name]


def day_name(day: int) -> str:
    """A day since 1970 as `2026-11-24`."""
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d")


def answer_sentence(
    segment: ComparedCalls, against: ComparedCalls, difference: Contribution | None, first: str, by_chance: bool
) -> str:
    """`first` is the sentence of the largest finding; empty without one."""
    if difference is None or segment.error_rate is None or against.error_rate is None:
        return nothing_to_compare(against if against.calls == 0 else segment)
    text = (
        f"**{format_percent(segment.error_rate)}** of {segment.calls:,} calls failed{side_text(segment)}, "
        f"{format_percent(against.error_rate)} of {against.calls:,}{side_text(against)}"
    )
    if by_chance:
        return " ".join(filter(None, (f"{text}: no more than chance explains.", first)))
    return f"{text}. {first or 'No breakdown accounts for the difference beyond chance.'}"


def nothing_to_compare(side: ComparedCalls) -> str:
    return f"There are no calls of versions that count{side_text(side)}, so there is nothing to compare."


def side_text(side: ComparedCalls) -> str:
    if side.version is not None:
        return f" in {code(side.version)}"
    if side.scope:
        return f" of {code(side.scope)}"
    if side.weekdays_only:
        return " on the same weekdays before"
    return f" on {side.first_day}" if side.first_day == side.last_day else f" from {side.first_day} to {side.last_day}"


_WHOSE = {
    "provider": " with the AI provider ",
    "client": " from the client ",
    "client_version": " from the client ",
    "version": " in ",
    "k8s_version": " on Kubernetes ",
    "deployment": " deployed with ",
}


def calls_text(number: int, concerned: CauseSet, tools: list[str]) -> str:
    """The calls that a cause concerns: "66 calls of `query` with the AI provider `anthropic` on 2026-11-15"."""
    whose = ""
    if concerned.kind in _WHOSE:
        last = f" to {code(concerned.values[-1])}" if len(concerned.values) > 1 else ""
        whose = f"{_WHOSE[concerned.kind]}{code(concerned.values[0])}{last}"
    return f"{quantity(number, 'call')}{_tools_text(concerned, tools)}{whose}{_days(concerned)}"


def _days(concerned: CauseSet) -> str:
    if concerned.first_day is None:
        return f" until {day_name(concerned.last_day)}" if concerned.last_day is not None else ""
    if concerned.last_day is None:
        return f" since {day_name(concerned.first_day)}"
    if concerned.first_day == concerned.last_day:
        return f" on {day_name(concerned.first_day)}"
    return f" from {day_name(concerned.first_day)} to {day_name(concerned.last_day)}"


def _tools_text(concerned: CauseSet, tools: list[str]) -> str:
    if concerned.pooled:
        return ""
    named = [*(tool_name(tool) for tool in tools[:3]), *(["others"] if len(tools) > 3 else [])]
    text = " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
    return f" of {text}" if text else ""


def part_text(share: float | None, part: Contribution) -> str:
    if share is None:
        return f"By itself it moves the rate {format_points(part.low, part.high)}."
    return share_text(share)


def share_text(share: float) -> str:
    """What a finding accounts for."""
    percent = f"{MINUS}{format_percent(-share)}" if share < 0 else format_percent(min(share, 9.99))
    return f"It accounts for {percent} of the difference."
