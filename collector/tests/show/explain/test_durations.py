"""Longer durations are explained by what they come from: each kind of slowdown is planted into a fleet."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from collector.tests.show.statistics.planted_store import PlantedStore
from footfall_collector.answer import FilterError, Filters
from footfall_collector.show.explain import Explanation, explain_segments, explain_spike
from footfall_collector.show.explain.comparison import compare_segments
from tests.oracle.fleet import Fleet
from tests.oracle.growth import last_week
from tests.oracle.slowdowns import CLIENT, PROVIDER, RELEASE, SLOWDOWNS, SLOWER, TOOL, factors

FLEET = Fleet(instances=120, days=35, seed=13, busy=2, calm=True)
SINCE = last_week(FLEET)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlantedStore]:
    events = list({event.uuid: event for event in FLEET.events()}.values())
    store = PlantedStore(tmp_path_factory.mktemp("planted"), FLEET, events, SLOWDOWNS)
    for kind in SLOWDOWNS:
        store.add_slow(kind, factors(FLEET, events, kind))
    yield store
    store.close()


def week(kind: str) -> Filters:
    start, end = (datetime.fromtimestamp(at, UTC) for at in (SINCE, FLEET.end))
    return Filters(kind, start, end)


def explained(planted: PlantedStore, kind: str, measure: str = "median") -> Explanation:
    return explain_spike(planted.answers, week(kind), measure=measure)


@pytest.mark.parametrize("measure", ["median", "p95"])
@pytest.mark.parametrize(("kind", "value"), [("client", CLIENT), ("provider", PROVIDER)])
def test_what_is_slow_since_a_day_is_named(planted: PlantedStore, kind: str, value: str, measure: str) -> None:
    explanation = explained(planted, kind, measure)
    first, *others = [each for each in explanation.findings if each.value is not None]
    day = f"{datetime.fromtimestamp(SINCE, UTC):%Y-%m-%d}"
    assert (first.kind, first.value, first.start, others) == (kind, value, day, [])
    assert first.duration is not None
    assert first.usual_duration is not None
    assert first.ratio_low is not None
    assert first.ratio_high is not None
    assert 0.95 * first.ratio_low <= SLOWER <= 1.05 * first.ratio_high
    assert explanation.difference is not None
    assert explanation.difference > 0
    # One client of several hardly moves the median of all calls.
    assert first.share is not None or kind == "client"
    assert 0.5 < (first.share or 1.0) < 1.5
    assert first.low <= first.effect <= first.high
    assert f"`{value}` since {day}" in explanation.answer
    assert "times as long" in explanation.answer


def test_a_slow_tool_is_named(planted: PlantedStore) -> None:
    first, *others = [each for each in explained(planted, "tool").findings if each.start is not None]
    assert (first.kind, first.tools, others) == ("day", [TOOL], [])
    assert first.start == f"{datetime.fromtimestamp(SINCE, UTC):%Y-%m-%d}"
    assert first.ratio is not None
    assert abs(first.ratio - SLOWER) < 0.6


def test_a_slow_release_is_named(planted: PlantedStore) -> None:
    start, end = (datetime.fromtimestamp(at, UTC) for at in (FLEET.start, FLEET.end))
    sides = [f"product_version:is:{RELEASE}"], [f"product_version:is_not:{RELEASE}"]
    explanation = explain_segments(planted.answers, Filters("release", start, end), sides, measure="median")
    [first] = [each for each in explanation.findings if each.value is not None]
    assert (first.kind, first.value) == ("version", RELEASE)
    assert first.ratio is not None
    assert abs(first.ratio - SLOWER) < 0.4
    assert first.share is not None
    assert 0.7 < first.share < 1.3
    # The difference is the one that a comparison of both sides shows.
    compared = compare_segments(planted.answers, Filters("release", start, end), sides)
    [median] = [each for each in compared.measures if each.name == "median"]
    assert median.a is not None
    assert explanation.segment.value == pytest.approx(median.a, rel=0.05)


@pytest.mark.parametrize("measure", ["median", "p95"])
def test_where_nothing_was_planted_nothing_is_named(planted: PlantedStore, measure: str) -> None:
    explanation = explained(planted, "nothing", measure)
    assert explanation.findings == []
    assert "no more than chance" in explanation.answer


def test_another_measure_is_refused(planted: PlantedStore) -> None:
    with pytest.raises(FilterError, match="measure must be error_rate, median, p95, p99, calls or instances"):
        explained(planted, "nothing", "mean")
