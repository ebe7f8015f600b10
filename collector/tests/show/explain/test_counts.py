"""More calls, or instances, are explained by what they come from: each kind of growth is planted into a fleet."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from collector.tests.show.statistics.planted_store import PlantedStore
from footfall_collector.answer import FilterError, Filters
from footfall_collector.show.explain import Explanation, explain_segments, explain_spike
from footfall_collector.show.explain.comparison import compare_segments
from tests.oracle.fleet import Fleet
from tests.oracle.growth import CLIENT, GROWTH, RELEASE, TOOL, last_week

FLEET = Fleet(instances=240, days=35, seed=13, calm=True)
START, SINCE, END = (datetime.fromtimestamp(at, UTC) for at in (FLEET.start, last_week(FLEET), FLEET.end))


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlantedStore]:
    events = list({event.uuid: event for event in FLEET.events()}.values())
    store = PlantedStore(tmp_path_factory.mktemp("planted"), FLEET, [], GROWTH)
    for kind, plant in GROWTH.items():
        store.add_events(kind, plant(FLEET, events))
    yield store
    store.close()


def explained(planted: PlantedStore, kind: str, measure: str = "calls") -> Explanation:
    return explain_spike(planted.answers, Filters(kind, SINCE, END), measure=measure)


@pytest.mark.parametrize(
    ("kind", "value", "measure"),
    [
        ("client", CLIENT, "calls"),
        ("tool", TOOL, "calls"),
        ("version", RELEASE, "calls"),
        ("version", RELEASE, "instances"),
    ],
)
def test_what_brings_more_of_them_is_named(planted: PlantedStore, kind: str, value: str, measure: str) -> None:
    explanation = explained(planted, kind, measure)
    assert [(each.kind, each.value) for each in explanation.findings] == [(kind, value)]
    [found] = explanation.findings
    assert found.now is not None
    assert found.before is not None
    assert found.now > 2 * found.before
    assert 0 < found.low < found.effect < found.high
    assert found.share is not None
    assert 0.4 < found.share < 1.2
    # What is left is the even growth of all others, with which the shares add up to all of the difference.
    assert explanation.unexplained == pytest.approx(1 - found.share)
    assert explanation.segment.value is not None
    assert explanation.against.value is not None
    assert explanation.difference == pytest.approx(explanation.segment.value - explanation.against.value)
    assert f"`{value}`" in explanation.answer


def test_a_new_client_has_no_ratio(planted: PlantedStore) -> None:
    [found] = explained(planted, "client").findings
    assert (found.before, found.ratio, found.ratio_low) == (0, None, None)
    assert found.effect == pytest.approx(found.now)


@pytest.mark.parametrize("measure", ["calls", "instances"])
@pytest.mark.parametrize("kind", ["nothing", "even", "busy"])
def test_where_everything_grew_alike_or_a_few_are_busy_nothing_is_named(
    planted: PlantedStore, kind: str, measure: str
) -> None:
    explanation = explained(planted, kind, measure)
    assert explanation.findings == []
    if kind == "even":
        assert explanation.low is not None
        assert explanation.low > 0
        assert "everything changed alike" in explanation.answer


def test_the_number_of_a_week_is_compared_with_the_mean_of_the_weeks_before(planted: PlantedStore) -> None:
    explanation = explained(planted, "nothing")
    weeks = [
        compare_segments(planted.answers, Filters("nothing", start, start + timedelta(days=7)), ((), ()))
        for start in (SINCE - timedelta(days=7 * number) for number in range(5))
    ]
    now, *before = [week.measures[0].a or 0 for week in weeks]
    assert explanation.segment.value == pytest.approx(now)
    assert explanation.against.value == pytest.approx(sum(before) / 4)
    assert "on average of 4 such periods before" in explanation.answer


def test_two_segments_are_explained_by_what_both_can_have(planted: PlantedStore) -> None:
    sides = [f"mcp_client:is:{CLIENT}"], ["mcp_client:is:claude-code"]
    filters = Filters("client", SINCE, END)
    explanation = explain_segments(planted.answers, filters, sides, measure="calls")
    compared = compare_segments(planted.answers, filters, sides)
    assert (explanation.difference, explanation.low, explanation.high) == pytest.approx(
        (compared.measures[0].difference, compared.measures[0].low, compared.measures[0].high)
    )
    assert "client" not in {each.kind for each in explanation.findings}
    instances = explain_segments(planted.answers, filters, sides, measure="instances")
    assert instances.difference == compared.measures[1].difference


def test_nothing_is_compared_with_days_that_were_not_counted(planted: PlantedStore) -> None:
    explanation = explain_spike(planted.answers, Filters("nothing", START, START + timedelta(days=7)), measure="calls")
    assert (explanation.difference, explanation.findings) == (None, [])
    assert "was not counted in full" in explanation.answer


def test_what_has_not_begun_has_no_number_yet(planted: PlantedStore) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    with pytest.raises(FilterError, match="No part of the range is over"):
        explain_spike(planted.answers, Filters("nothing", later, later + timedelta(hours=3)), measure="calls")
