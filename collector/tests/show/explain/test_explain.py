"""What explains a spike, and the difference of two versions, from a store with a planted cause."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collector.tests.store.fill_store import CATALOGUES, journal_fleet, loader_of, open_store
from footfall_collector.answer import Answers, FilterError, Filters, ask, parse_question
from footfall_collector.show.explain import explain_spike
from footfall_collector.show.explain.contributions import Contribution
from footfall_collector.show.explain.explanation import shift_finding
from footfall_collector.show.explain.question import explain_versions
from footfall_collector.show.insight import compare_releases
from tests.oracle.causes import PlantedCause, plant
from tests.oracle.fleet import Fleet
from tests.oracle.world import DAY, HOUR

FLEET = Fleet(instances=200, days=28, seed=11, busy=2, calm=True)
OUTAGE_DAY = 20
FLEET_TODAY = datetime.fromtimestamp(FLEET.end, UTC).date()
BAD = "1.12.0"
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


def test_two_versions_need_two_versions(in_outage: Answers) -> None:
    for version in (None, "1.11.1"):
        with pytest.raises(FilterError, match="against needs version= with another version"):
            explain_versions(in_outage, filters(0, 27, version=version), "1.11.1")


@pytest.mark.parametrize("measure", ["error_rate", "median", "calls", "instances"])
@pytest.mark.parametrize(
    "condition",
    ["error_type:is:TimeoutError", "error_type:is_not:TimeoutError", "k8s_version:is:1.29"],
)
def test_the_calls_of_the_range_are_those_of_the_page(in_outage: Answers, measure: str, condition: str) -> None:
    chosen = filters(17, 18)
    question = parse_question(
        {"measure": "events", "event": "tool_executed"}, [condition], chosen, CATALOGUES["dot-ai"]
    )
    [[calls]] = ask(in_outage, question, chosen).rows
    assert calls
    assert explain_spike(in_outage, chosen, [condition], measure).segment.calls == calls
