"""What explains a spike, and the difference of two versions, from a store with a planted cause."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.tests.store.fill_store import CATALOGUES, journal_fleet, loader_of, open_store
from footfall_collector.answer import Answers, FilterError, Filters, ask, parse_question
from footfall_collector.runtime import utc_stamp
from footfall_collector.show.explain import explain_spike
from footfall_collector.show.explain.contributions import Contribution
from footfall_collector.show.explain.explanation import answer_sentence, share_text, shift_finding
from footfall_collector.show.explain.question import explain_versions
from footfall_collector.show.explain.sides import ComparedCalls
from footfall_collector.show.insight import NBSP, compare_releases
from tests.oracle.causes import PlantedCause, plant
from tests.oracle.fleet import Fleet
from tests.oracle.world import DAY, HOUR

FLEET = Fleet(instances=200, days=28, seed=11, busy=2, calm=True)
OUTAGE_DAY = 20
FLEET_TODAY = datetime.fromtimestamp(FLEET.end, UTC).date()
BAD = "1.12.0"
IS, IS_NOT = "calls whose client is cursor", "calls whose client is not cursor"
OUTAGE = PlantedCause(
    "outage",
    "anthropic",
    FLEET.start + OUTAGE_DAY * DAY + 9 * HOUR,
    FLEET.start + OUTAGE_DAY * DAY + 15 * HOUR,
    {"recommend": 0.9, "remediate": 0.9},
)
RELEASE = PlantedCause("release", BAD, FLEET.start, FLEET.end, {"query": 0.2, "describe": 0.3})


def stored(data: Path, cause: PlantedCause | None) -> Iterator[Answers]:
    sent = FLEET.requests()
    if cause is not None:
        sent = (replace(request, events=tuple(plant(request.events, cause, 1))) for request in sent)
    journal_fleet(data, sent)
    store = open_store(data)
    loader_of(data, store).run_once()
    yield Answers(store, CATALOGUES)
    store.close()


@pytest.fixture(scope="module")
def in_outage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    yield from stored(tmp_path_factory.mktemp("outage"), OUTAGE)


@pytest.fixture(scope="module")
def with_bad_release(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    yield from stored(tmp_path_factory.mktemp("release"), RELEASE)


def filters(first: int, last: int, version: str | None = None) -> Filters:
    """Days of the fleet, both included."""
    start, end = (datetime.fromtimestamp(FLEET.start + day * DAY, UTC) for day in (first, last + 1))
    return Filters("dot-ai", start, end, version=version)


def test_an_outage_explains_the_spike_of_its_day(in_outage: Answers) -> None:
    explanation = explain_spike(in_outage, filters(OUTAGE_DAY, OUTAGE_DAY))
    first = explanation.findings[0]
    day = f"{filters(OUTAGE_DAY, OUTAGE_DAY).start:%Y-%m-%d}"
    assert (first.kind, first.value, first.start, first.end) == ("provider", "anthropic", day, day)
    assert set(first.tools) == {"recommend", "remediate"}
    assert first.share is not None
    assert first.share > 0.5
    assert first.low < first.effect < first.high
    assert (explanation.segment.first_day, explanation.segment.last_day) == (day, day)
    assert explanation.against.weekdays_only
    assert explanation.difference is not None
    assert explanation.difference > 0.03
    assert explanation.unexplained == pytest.approx(1 - sum(each.share or 0.0 for each in explanation.findings))
    assert "with the AI provider `anthropic` on " in explanation.answer


def test_an_outage_is_no_release_s_fault(in_outage: Answers) -> None:
    compared = compare_releases(in_outage, filters(0, 27), FLEET_TODAY)
    assert [each for each in compared.regressions if each.kind == "errors"] == []
    assert {each.verdict for each in compared.releases} <= {"same", "first", "few"}


def test_a_day_without_a_cause_has_no_finding_of_one(in_outage: Answers) -> None:
    explanation = explain_spike(in_outage, filters(OUTAGE_DAY - 5, OUTAGE_DAY - 5))
    assert [each for each in explanation.findings if each.value is not None] == []


def test_nothing_has_a_share_of_a_difference_that_chance_explains(in_outage: Answers) -> None:
    explanation = explain_spike(in_outage, filters(OUTAGE_DAY - 5, OUTAGE_DAY - 5))
    assert ": no more than chance explains." in explanation.answer
    assert explanation.unexplained is None
    finding = shift_finding("tool", Contribution(-0.009, -0.018, -0.0003), None)
    assert finding.share is None
    assert finding.text == (
        "A larger part of the calls has tools that usually fail less often. "
        "By itself it moves the rate down 0.0\u20131.8\u00a0points."
    )


def test_a_bad_release_explains_the_difference_to_the_one_before(with_bad_release: Answers) -> None:
    explanation = explain_versions(with_bad_release, filters(0, 27, version=BAD), "1.11.1")
    first = explanation.findings[0]
    assert (first.kind, first.value) == ("version", BAD)
    assert set(first.tools) == {"query", "describe"}
    assert first.share is not None
    assert 0.6 < first.share < 1.4
    assert (explanation.segment.version, explanation.against.version) == (BAD, "1.11.1")
    # The other way round, the same version makes the rate smaller by the same amount.
    reverse = explain_versions(with_bad_release, filters(0, 27, version="1.11.1"), BAD)
    assert reverse.difference == pytest.approx(-(explanation.difference or 0))
    assert reverse.findings[0].value == BAD
    assert reverse.findings[0].share == pytest.approx(first.share)


def test_a_bad_release_is_flagged_for_its_tools(with_bad_release: Answers) -> None:
    compared = compare_releases(with_bad_release, filters(0, 27), FLEET_TODAY)
    flagged = {(each.version, each.tool) for each in compared.regressions if each.kind == "errors"}
    assert flagged == {(BAD, "query"), (BAD, "describe")}


def test_without_earlier_days_nothing_is_compared(in_outage: Answers) -> None:
    explanation = explain_spike(in_outage, filters(0, 27))
    assert (explanation.difference, explanation.findings, explanation.unexplained) == (None, [], None)
    assert explanation.answer.startswith("There are no calls of versions that count")


def test_versions_that_nobody_runs_are_compared_over_the_days_of_the_range(in_outage: Answers) -> None:
    explanation = explain_versions(in_outage, filters(2, 3, version="9.9.9"), "9.9.8")
    days = [f"{filters(day, day).start:%Y-%m-%d}" for day in (2, 3)]
    assert [explanation.segment.first_day, explanation.segment.last_day] == days


def test_a_segment_stands_in_the_sentence_in_the_place_of_the_calls() -> None:
    named, others, empty = (compared_calls(scope, calls) for scope, calls in ((IS, 200), (IS_NOT, 300), (IS, 0)))
    assert answer_sentence(named, others, Contribution(0.1, 0.05, 0.15), "", by_chance=True) == (
        f"**10{NBSP}%** of 200 `{IS}` failed, 10{NBSP}% of 300 `{IS_NOT}`: no more than chance explains."
    )
    assert answer_sentence(empty, others, None, "", by_chance=True) == (
        f"There are no calls of versions that count among the `{IS}`, so there is nothing to compare."
    )


def test_no_finding_accounts_for_more_than_all_of_a_difference() -> None:
    assert share_text(0.18) == f"It accounts for 18{NBSP}% of the difference."
    assert share_text(1.0) == f"It accounts for 100{NBSP}% of the difference."
    assert share_text(1.02) == "By itself it would make a larger difference than there is."


def compared_calls(scope: str, calls: int) -> ComparedCalls:
    """A side of which a tenth of the calls failed."""
    failed = calls // 10
    rate = failed / calls if calls else None
    return ComparedCalls(None, scope, "2026-11-01", "2026-11-30", None, None, False, calls, failed, rate, rate)


def test_two_versions_need_two_versions(in_outage: Answers) -> None:
    for version in (None, "1.11.1"):
        with pytest.raises(FilterError, match="against needs version= with another version"):
            explain_versions(in_outage, filters(0, 27, version=version), "1.11.1")


MEASURES = ["error_rate", "median", "calls", "instances"]


def calls_of(answers: Answers, chosen: Filters, *conditions: str) -> int:
    query = {"measure": "events", "event": "tool_executed"}
    question = parse_question(query, conditions, chosen, CATALOGUES["dot-ai"])
    [[calls]] = ask(answers, question, chosen).rows
    assert isinstance(calls, int)
    return calls


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    "condition",
    ["error_type:is:TimeoutError", "error_type:is_not:TimeoutError", "k8s_version:is:1.29"],
)
def test_the_calls_of_the_range_are_those_of_the_page(in_outage: Answers, measure: str, condition: str) -> None:
    chosen = filters(17, 18)
    calls = calls_of(in_outage, chosen, condition)
    assert calls
    assert explain_spike(in_outage, chosen, [condition], measure).segment.calls == calls


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("condition", ["", "tool:is_not:version", "k8s_version:is_not:1.29"])
@pytest.mark.parametrize("hours", [(7, 10.5), (20, 27)], ids=["in a day", "over midnight"])
def test_a_range_of_hours_counts_to_the_second(
    in_outage: Answers, measure: str, condition: str, hours: tuple[float, float]
) -> None:
    day = filters(25, 25).start.replace(hour=0, minute=0, second=0)
    start, end = (day + timedelta(hours=each) for each in hours)
    chosen = Filters("dot-ai", start, end)
    conditions = [condition] if condition else []
    explanation = explain_spike(in_outage, chosen, conditions, measure)
    assert 0 < explanation.segment.calls == calls_of(in_outage, chosen, *conditions)
    assert explanation.segment.calls < calls_of(in_outage, chosen.of_whole_days, *conditions)
    assert f"from {chosen.start:%Y-%m-%d{NBSP}%H:%M} to {chosen.end:%Y-%m-%d{NBSP}%H:%M} UTC" in explanation.answer
    assert explanation.segment.start == utc_stamp(chosen.start)
    weeks = [timedelta(weeks=number) for number in range(1, 4)]
    before = [replace(chosen, start=chosen.start - each, end=chosen.end - each) for each in weeks]
    if measure in ("error_rate", "median"):
        # Whole days say more about what is usual.
        before = [each.of_whole_days for each in before]
    assert explanation.against.calls == sum(calls_of(in_outage, each, *conditions) for each in before)


def test_an_outage_explains_its_hours_and_not_those_before_it_on_the_same_day(in_outage: Answers) -> None:
    start, end = (datetime.fromtimestamp(at, UTC) for at in (OUTAGE.begin, OUTAGE.end))
    outage = Filters("dot-ai", start, end)
    during = explain_spike(in_outage, outage)
    assert [(each.kind, each.value) for each in during.findings[:1]] == [("provider", OUTAGE.value)]
    earlier = replace(outage, start=outage.start - timedelta(hours=8), end=outage.start)
    assert not [each for each in explain_spike(in_outage, earlier).findings if each.kind == "provider"]


def test_of_the_present_day_the_part_that_is_over_is_compared_with_the_same_hours(in_outage: Answers) -> None:
    now = datetime.now(UTC)
    today = Filters("dot-ai", now.replace(hour=0, minute=0, second=0, microsecond=0), now).of_whole_days
    compared = explain_spike(in_outage, today, measure="calls").segment
    assert compared.end is not None
    assert now <= datetime.fromisoformat(compared.end) + timedelta(seconds=1) < today.end + timedelta(seconds=1)
