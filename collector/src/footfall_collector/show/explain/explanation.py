"""The answer to what explains a difference, and its sentences."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from ...runtime import quantity, utc_stamp
from ..insight import MINUS, Moment, code, format_percent, format_points, tool_name
from ..statistics import Cause, CauseSet
from .contributions import MIN_SHARE, Contribution
from .error_classes import ErrorClasses, ErrorClassFinding
from .sides import ComparedCalls, counted_calls, day_name, nothing_to_compare

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
Difference = tuple[float | None, float | None, float | None]
"""Of the measure, with the lower and the upper end of its 95 % interval."""
NO_DIFFERENCE: Difference = (None, None, None)


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
    def of_shift(cls, kind: FindingKind, part: Contribution, share: float | None, text: str) -> "Finding":
        """A shift of calls, which concerns no value."""
        nothing = dict.fromkeys(("value", "start", "end", "calls", "errors", "usual_errors", "duration"))
        nothing |= dict.fromkeys(("usual_duration", "now", "before", "ratio", "ratio_low", "ratio_high", "p_value"))
        return cls(
            kind=kind, tools=[], effect=part.effect, low=part.low, high=part.high, share=share, text=text, **nothing
        )

    @classmethod
    def of_cause(cls, cause: Cause, part: Contribution, share: float | None, text: str) -> "Finding":
        """What a cause concerns; its numbers are those of the measure."""
        concerned = cause.set
        return msgspec.structs.replace(
            cls.of_shift(concerned.kind, part, share, text),
            value=concerned.values[0] or None,
            tools=worse_tools(cause),
            start=None if concerned.first_day is None else day_name(concerned.first_day),
            end=None if concerned.last_day is None else day_name(concerned.last_day),
            p_value=cause.p_value,
        )

    @property
    def is_shown(self) -> bool:
        """Whether it is not too small."""
        return self.share is None or abs(self.share) >= MIN_SHARE


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

    @classmethod
    def as_of_now(
        cls,
        answer: str,
        sides: tuple[ComparedCalls, ComparedCalls],
        difference: Difference,
        findings: list[Finding],
        whole: float | None,
        classes: ErrorClasses | None = None,
        **fields: Any,
    ) -> "Explanation":
        """`whole` is the difference, None where chance explains it; `fields` are the others."""
        effect, low, high = difference
        return cls(
            answer=answer,
            segment=sides[0],
            against=sides[1],
            difference=effect,
            low=low,
            high=high,
            findings=findings,
            error_classes=classes.findings if classes else [],
            error_class_scope=classes.scope if classes else "",
            unexplained=None if whole is None else 1 - sum(each.share or 0.0 for each in findings),
            not_applied=[],
            generated_at=utc_stamp(datetime.now(UTC)),
            **fields,
        )


def largest_first(findings: Iterable[Finding]) -> list[Finding]:
    """By their shares, or by their effects where chance explains the whole difference."""
    return sorted(findings, key=lambda each: -abs(each.effect) if each.share is None else -each.share)


def cause_finding(cause: Cause, part: Contribution, difference: float | None) -> Finding:
    """`difference` is that of the error rates; None where chance explains it."""
    effect, share = cause.total, share_of(part, difference)
    text = (
        f"{format_percent(effect.errors / effect.calls)} of "
        f"{calls_text(effect.calls, cause.set, worse_tools(cause))} failed, "
        f"where {format_percent(effect.expected / effect.calls)} are usual "
        f"({cause.ratio:.1f} times as many errors, {cause.low:.1f} to {cause.high:.1f}). "
        f"{part_text(share, part)}"
    )
    return msgspec.structs.replace(
        Finding.of_cause(cause, part, share, text),
        calls=effect.calls,
        errors=effect.errors,
        usual_errors=effect.expected,
        ratio=cause.ratio,
        ratio_low=cause.low,
        ratio_high=cause.high,
    )


def shift_finding(name: str, part: Contribution, difference: float | None) -> Finding:
    kind, share = shift_kind(name), share_of(part, difference)
    direction = "more" if part.effect > 0 else "less"
    text = f"A larger part of the calls has {kind} that usually fail {direction} often. {part_text(share, part)}"
    return Finding.of_shift(kind, part, share, text)


def share_of(part: Contribution, difference: float | None) -> float | None:
    return None if difference is None else part.effect / difference


def worse_tools(cause: Cause) -> list[str]:
    """The tools that a cause makes worse."""
    return [tool for tool, one in cause.tools.items() if one.errors > one.expected]


def shift_kind(name: str) -> FindingKind:
    """The kind of a shift of calls between tools, clients or providers."""
    kinds: dict[str, FindingKind] = {"tool": "tools", "client": "clients", "provider": "providers"}
    return kinds[name]


def answer_sentence(
    segment: ComparedCalls, against: ComparedCalls, difference: Contribution | None, first: str, by_chance: bool
) -> str:
    """`first` is the sentence of the largest finding; empty without one."""
    if difference is None or segment.error_rate is None or against.error_rate is None:
        return nothing_to_compare(against if against.calls == 0 else segment)
    text = (
        f"**{format_percent(segment.error_rate)}** of {counted_calls(segment, ' failed')}, "
        f"{format_percent(against.error_rate)} of {counted_calls(against, noun=False)}"
    )
    if by_chance:
        return " ".join(filter(None, (f"{text}: no more than chance explains.", first)))
    return f"{text}. {first or 'No breakdown accounts for the difference beyond chance.'}"


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
    """What a finding accounts for. Of several that work against each other, one can be more than what is left."""
    if share > 1.005:
        return "By itself it would make a larger difference than there is."
    percent = f"{MINUS}{format_percent(-share)}" if share < 0 else format_percent(min(share, 9.99))
    return f"It accounts for {percent} of the difference."
