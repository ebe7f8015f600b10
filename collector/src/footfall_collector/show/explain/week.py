"""What changed this week: three sentences on the last seven days that are over, against the weeks before."""

from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec

from ...answer import Answers, Filters
from ...runtime import quantity
from ..insight import NBSP, Moment, format_percent
from .comparison import ComparedSide, compare_periods
from .measures import Measured
from .question import explain_spike


class WeekSentence(msgspec.Struct, frozen=True):
    """One change.

    Attributes:
        about: `use`, `errors` or `instances`.
        text: the sentence; `code` and **strong** are markup.
        scope: the segment that it speaks of, in one phrase.
        ask: the path and query of the API that has the numbers behind it.
    """

    about: str
    text: str
    scope: str
    ask: str


class WeekChanges(msgspec.Struct, frozen=True):
    """What changed in a week.

    Attributes:
        sentences: on use, errors and instances; one that says so where there is no full week before.
        a: the week.
        b: the week before; None where events were not counted in all of it.
    """

    sentences: list[WeekSentence]
    a: ComparedSide
    b: ComparedSide | None
    generated_at: Moment


def what_changed(answers: Answers, filters: Filters, now: datetime) -> WeekChanges:
    """Of filters the range does not count. Raises FilterError for a filter that can't be used.

    Pages of all ranges share an answer, which stands for some moments where it took long, as that of `releases` does.
    """
    end = now.replace(hour=0, minute=0, second=0, microsecond=0)
    week = replace(filters, start=end - timedelta(days=7), end=end)
    return answers.shared_results.get(
        ("week", week.question), answers.revision, lambda: _what_changed(answers, week, now)
    )


def _what_changed(answers: Answers, week: Filters, now: datetime) -> WeekChanges:
    # No sentence is about durations, which would be read from raw events.
    compared = compare_periods(answers, week, now, durations=False)
    scope = compared.a.scope
    days = {"start": f"{week.start:%Y-%m-%d}", "end": f"{week.end - timedelta(days=1):%Y-%m-%d}"}
    conditions = [*week.active.items(), *(("where", text) for text in week.where)]
    internal = [] if week.internal == "hide" else [("internal", week.internal)]
    query = urlencode([("product", week.product), *days.items(), *internal, *conditions])
    compare, explain = f"/api/compare?{query}", f"/api/explain?{query}"
    if compared.b is None:
        sentences = [WeekSentence("use", compared.answer, scope, compare)]
    else:
        by_name = {each.name: each for each in compared.measures}
        explained = explain_spike(answers, week)
        sentences = [
            WeekSentence("use", _use(by_name["calls"], by_name["instances"]), scope, compare),
            WeekSentence("errors", explained.answer, scope, explain),
            WeekSentence("instances", _instances(by_name), f"instances that made {scope}", compare),
        ]
    return WeekChanges(sentences, compared.a, compared.b, compared.generated_at)


def _use(calls: Measured, instances: Measured) -> str:
    return (
        f"**{quantity(int(calls.a or 0), 'call')}** this week, {_change(calls)}; they came from "
        f"{quantity(int(instances.a or 0), 'instance')}, {int(instances.b or 0):,} in the week before."
    )


def _change(measured: Measured) -> str:
    if measured.low is not None and measured.high is not None and measured.low <= 0 <= measured.high:
        return f"{int(measured.b or 0):,} in the week before: no more than chance explains"
    if not measured.b:
        return "none in the week before"
    ratio = (measured.a or 0.0) / measured.b - 1
    return f"{format_percent(abs(ratio))} {'more' if ratio > 0 else 'fewer'} than in the week before".replace(
        " %", f"{NBSP}%"
    )


def _instances(by_name: dict[str, Measured]) -> str:
    """The chart beside it has instances that only connected too: the sentence says whom it counts."""
    new, returning, lost = (int(by_name[name].a or 0) for name in ("new", "returning", "lost"))
    are = "is" if new == 1 else "are"
    return (
        f"**{quantity(new, 'calling instance')} {are} new**, {returning:,} returned, and {lost:,} of the week before "
        "did not call again."
    )
