"""Longer durations are explained by what they come from: each kind of slowdown is planted into a fleet.

Instances differ in how fast they are, by a third up or down, so that calls of one instance depend on each other.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random

import pytest

from collector.tests.show.statistics.planted_store import PlantedStore
from footfall_collector.answer import FilterError, Filters
from footfall_collector.show.explain import Explanation, compare_segments, explain_segments, explain_spike
from tests.oracle.fleet import Fleet, FleetEvent
from tests.oracle.world import DAY

FLEET = Fleet(instances=120, days=35, seed=13, busy=2, calm=True)
SINCE = FLEET.end - 7 * DAY
SLOWER = 2.5
CLIENT, PROVIDER, TOOL, RELEASE = "cursor-vscode", "anthropic", "query", "1.12.0"
Concerned = Callable[[FleetEvent], bool]
PLANTED: dict[str, Concerned] = {
    "client": lambda call: call.at >= SINCE and call.properties["mcp_client"] == CLIENT,
    "provider": lambda call: call.at >= SINCE and call.properties.get("ai_provider") == PROVIDER,
    "tool": lambda call: call.at >= SINCE and call.properties["tool"] == TOOL,
    "release": lambda call: call.properties.get("product_version") == RELEASE,
    "nothing": lambda call: False,
}


@cache
def speed(instance: str) -> float:
    """How much longer than usual the calls of an instance take."""
    return Random(f"speed of {instance}").lognormvariate(0, 0.3)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlantedStore]:
    events = list({event.uuid: event for event in FLEET.events()}.values())
    calls = [event for event in events if event.event == "tool_executed"]
    directory: Path = tmp_path_factory.mktemp("planted")
    store = PlantedStore(directory, FLEET, events, PLANTED)
    for kind, concerned in PLANTED.items():
        factors = {call.uuid: speed(call.instance) * (SLOWER if concerned(call) else 1.0) for call in calls}
        store.add_slow(kind, factors)
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
    with pytest.raises(FilterError, match="measure is one of error_rate, median, p95, p99, calls, instances"):
        explained(planted, "nothing", "mean")
