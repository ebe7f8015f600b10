"""Each measure of a comparison is the one of a question, its interval holds, and periods end at the same moment."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from collector.tests.store.fill_store import CATALOGUES, journal_fleet, loader_of, open_store
from footfall_collector.answer import Answers, FilterError, Filters, ask, parse_question
from footfall_collector.show.explain import (
    EXPLAINED_MEASURES,
    Comparison,
    explain_segments,
    explain_spike,
    what_changed,
)
from footfall_collector.show.explain.comparison import compare_periods, compare_segments
from footfall_collector.show.explain.measures import Measured, SideCounts, measure_sides
from footfall_collector.show.insight import format_points
from tests.oracle.fleet import Fleet
from tests.oracle.world import DAY

FLEET = Fleet(instances=40, days=35, seed=8)
NOW = datetime.fromtimestamp(FLEET.end, UTC)
QUESTIONS = {
    "calls": {"measure": "events"},
    "instances": {"measure": "instances"},
    "error_rate": {"measure": "rate"},
    "median": {"measure": "median", "of": "duration_ms"},
    "p95": {"measure": "p95", "of": "duration_ms"},
    "p99": {"measure": "p99", "of": "duration_ms"},
    "new": {"measure": "new"},
    "returning": {"measure": "returning"},
    "lost": {"measure": "lost"},
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    data = tmp_path_factory.mktemp("compare")
    journal_fleet(data, FLEET.requests())
    store = open_store(data)
    loader_of(data, store).run_once()
    yield Answers(store, CATALOGUES)
    store.close()


def filters(first: int, last: int) -> Filters:
    """Days of the fleet, the last one excluded."""
    start, end = (datetime.fromtimestamp(FLEET.start, UTC).replace(hour=0, minute=0, second=0) for _ in range(2))
    return Filters("dot-ai", start + timedelta(days=first), end + timedelta(days=last))


def asked(answers: Answers, name: str, where: list[str], chosen: Filters) -> float:
    question = parse_question({**QUESTIONS[name], "event": "tool_executed"}, where, chosen, CATALOGUES["dot-ai"])
    rows = ask(answers, question, chosen).rows
    return float(rows[0][0] or 0) if rows else 0.0


def by_name(comparison: Comparison) -> dict[str, Measured]:
    return {each.name: each for each in comparison.measures}


@pytest.mark.parametrize(
    ("a", "b", "where"),
    [
        (["mcp_client:is:claude-code"], ["mcp_client:is:cursor-vscode"], []),
        (["deployment_method:is:helm"], ["deployment_method:is_not:helm"], ["tool:is_not:version"]),
    ],
    ids=["clients", "through instances"],
)
def test_the_measures_of_two_segments_are_those_of_questions(
    answers: Answers, a: list[str], b: list[str], where: list[str]
) -> None:
    chosen = filters(18, 32)
    comparison = compare_segments(answers, chosen, (a, b), where)
    measures = by_name(comparison)
    for name in QUESTIONS:
        measured = measures[name]
        assert (measured.a, measured.b) == pytest.approx(
            (asked(answers, name, [*a, *where], chosen), asked(answers, name, [*b, *where], chosen))
        ), name
        assert measured.low is not None
        assert measured.difference is not None
        assert measured.high is not None
        assert measured.low <= measured.difference <= measured.high
        if measured.unit == "milliseconds":
            numbers = (measured.a, measured.b, measured.difference, measured.low, measured.high)
            assert all(each == round(each, 4) for each in numbers if each is not None), name
    assert 0 < (measures["share"].a or 0) < 1
    assert comparison.b is not None
    assert comparison.a.scope != comparison.b.scope


def test_shares_differ_by_100_points_at_most() -> None:
    busy = SideCounts({1: (99, 3), 2: (1, 1)}, frozenset({1, 2}), [], frozenset(), None)
    idle = SideCounts({3: (1, 0)}, frozenset({3}), [], frozenset(), None)
    share = next(each for each in measure_sides(busy, idle, 101) if each.name == "share")
    assert share.difference == pytest.approx(99 / 101)
    assert share.high == 1.0, "one instance makes almost all calls"


def test_established_instances_and_new_ones_are_segments(answers: Answers) -> None:
    chosen = filters(18, 32)
    comparison = compare_segments(answers, chosen, (["standing:is:established"], ["standing:is:new"]))
    measures = by_name(comparison)
    whole = asked(answers, "calls", [], chosen)
    assert (measures["calls"].a or 0) + (measures["calls"].b or 0) == whole
    assert (measures["calls"].a or 0) > 0 < (measures["calls"].b or 0)
    assert comparison.a.scope == "calls of established instances"
    with pytest.raises(FilterError, match="standing must be"):
        compare_segments(answers, chosen, (["standing:is:old"], []))


@pytest.mark.parametrize("measure", EXPLAINED_MEASURES)
def test_a_difference_of_established_instances_and_new_ones_is_explained(answers: Answers, measure: str) -> None:
    chosen, sides = filters(18, 32), (["standing:is:established"], ["standing:is:new"])
    explained = explain_segments(answers, chosen, sides, measure=measure)
    calls = by_name(compare_segments(answers, chosen, sides))["calls"]
    assert (explained.segment.scope, explained.against.scope) == (
        "calls of established instances",
        "calls of instances that are not established yet",
    )
    assert explained.segment.calls == calls.a
    assert explained.against.calls == calls.b
    assert explain_spike(answers, chosen, sides[0], measure).segment.calls == calls.a


def test_a_range_is_compared_with_the_same_days_of_weeks_before(answers: Answers) -> None:
    now = filters(0, 32).end + timedelta(hours=15)
    comparison = compare_periods(answers, replace(filters(26, 33), end=now + timedelta(hours=9)), now)
    assert comparison.b is not None
    # The day that is not over is in neither.
    assert datetime.fromisoformat(comparison.a.end) == now.replace(hour=0)
    assert datetime.fromisoformat(comparison.a.start) - datetime.fromisoformat(comparison.b.start) == timedelta(days=7)
    assert by_name(comparison)["calls"].b == asked(answers, "calls", [], filters(19, 25))
    rate = by_name(comparison)["error_rate"]
    assert f"({format_points(rate.low or 0, rate.high or 0)}" in comparison.answer
    short = compare_periods(answers, Filters("dot-ai", now - timedelta(hours=6), now + timedelta(hours=18)), now)
    assert short.b is not None
    assert datetime.fromisoformat(short.b.end) == now - timedelta(days=7)


def test_without_a_full_earlier_period_nothing_is_compared(answers: Answers) -> None:
    comparison = compare_periods(answers, filters(3, 10), NOW)
    assert (comparison.b, comparison.measures) == (None, [])
    assert comparison.answer.startswith("Events were not counted in all of the earlier period")
    week = what_changed(answers, filters(0, 1), datetime.fromtimestamp(FLEET.start + 9 * DAY, UTC))
    assert week.b is None
    assert [each.text for each in week.sentences] == [comparison.answer]


def test_what_changed_this_week_is_three_sentences_with_their_segments(answers: Answers) -> None:
    week = what_changed(answers, filters(0, 1), NOW)
    assert [each.about for each in week.sentences] == ["use", "errors", "instances"]
    assert all(each.text and each.scope and each.ask.startswith("/api/") for each in week.sentences)
    assert datetime.fromisoformat(week.a.end) == NOW.replace(hour=0, minute=0, second=0)
    calls = asked(answers, "calls", [], Filters("dot-ai", *map(datetime.fromisoformat, (week.a.start, week.a.end))))  # type: ignore[arg-type]  # start and end
    assert f"**{int(calls):,} calls** this week" in week.sentences[0].text


def test_pages_of_all_ranges_share_what_changed_this_week(answers: Answers) -> None:
    week = what_changed(answers, filters(0, 1), NOW)
    assert what_changed(answers, filters(0, 9), NOW) is week
    assert what_changed(answers, replace(filters(0, 9), provider="anthropic"), NOW) is not week


def test_an_interval_holds_the_true_difference_in_95_of_100_fleets() -> None:
    rng, held = Random(5), {"error_rate": 0, "median": 0}
    for _ in range(100):
        sides = [side_of(rng, rate, typical) for rate, typical in ((0.1, 120.0), (0.05, 100.0))]
        measures = {each.name: each for each in measure_sides(sides[0], sides[1], None)}
        for name, true in (("error_rate", 0.05), ("median", 20.0)):
            measured = measures[name]
            held[name] += (measured.low or 0) <= true <= (measured.high or 0)
    assert all(number >= 90 for number in held.values()), held


def side_of(rng: Random, rate: float, typical: float) -> SideCounts:
    """Sixty instances, each with an error rate and a speed of its own."""
    calls, durations = {}, []
    for _ in range(60):
        instance, number = rng.getrandbits(60), rng.randrange(5, 60)
        own, speed = rng.betavariate(8 * rate, 8 * (1 - rate)), rng.lognormvariate(0, 0.3)
        calls[instance] = (number, sum(rng.random() < own for _ in range(number)))
        durations += [(instance, typical * speed * rng.lognormvariate(0, 0.5), 1) for _ in range(number)]
    return SideCounts(calls, frozenset(calls), durations, frozenset(), frozenset())
