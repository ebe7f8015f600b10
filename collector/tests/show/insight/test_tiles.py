"""The four numbers on top of a page, and their sparklines."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from footfall_collector.answer import Filters
from footfall_collector.show.insight.periods import filter_names, previous_period, without_filters
from footfall_collector.show.insight.tiles import TileNumbers, build_tiles, fill_gaps

START = datetime(2026, 11, 1, tzinfo=UTC)
TOTALS = {"calls": 200, "errors": 5, "instances": 12, "callers": 9, "p50_ms": 340.0}
STANDINGS = {
    "instances": 12,
    "established": 7,
    "new": 3,
    "callers": 9,
    "established_callers": 6,
    "new_callers": 3,
    "of_product": 8,
}
NO_STANDINGS = dict.fromkeys(STANDINGS, 0)
NOTHING = {"calls": 0, "errors": 0, "instances": 0, "callers": 0, "p50_ms": None}


def days(count: float, **extra: Any) -> Filters:
    return Filters("dot-ai", START, START + timedelta(days=count), **extra)


def row(day: str, calls: int) -> dict[str, Any]:
    return {"day": day, "calls": calls, "errors": 1, "p50_ms": 20.0}


def test_every_day_from_the_first_with_events_has_a_row() -> None:
    active = [{"day": "2026-11-02", "daily": 3}]
    filled = fill_gaps(days(5), [row("2026-11-02", 7), row("2026-11-04", 9)], active)
    assert [(each["day"], each["calls"], each["instances"]) for each in filled] == [
        ("2026-11-02", 7, 3),
        ("2026-11-03", 0, None),
        ("2026-11-04", 9, None),
        ("2026-11-05", 0, None),
    ]
    assert fill_gaps(days(5), [], []) == []


def test_a_short_range_has_a_row_for_each_hour_that_it_touches() -> None:
    filters = Filters("dot-ai", START + timedelta(minutes=20), START + timedelta(hours=4, minutes=20))
    filled = fill_gaps(filters, [row("2026-11-01T01:00:00Z", 7)], [{"day": "2026-11-01", "daily": 2}])
    assert [(each["day"][11:13], each["calls"]) for each in filled] == [
        ("00", 0),
        ("01", 7),
        ("02", 0),
        ("03", 0),
        ("04", 0),
    ]


def test_the_shortest_range_has_a_row_for_each_minute() -> None:
    filters = Filters("dot-ai", START + timedelta(seconds=30), START + timedelta(minutes=3))
    filled = fill_gaps(filters, [row("2026-11-01T00:01:00Z", 7)], [])
    assert [(each["day"][14:16], each["calls"]) for each in filled] == [("01", 7), ("02", 0)]
    filled = fill_gaps(filters, [], [{"day": "2026-11-01", "daily": 2}])
    assert [each["day"][14:16] for each in filled] == ["00", "01", "02"]


def test_the_tiles_hold_both_periods_and_the_days() -> None:
    numbers = TileNumbers(TOTALS, TOTALS | {"calls": 100}, STANDINGS, [row("2026-11-01", 40) | {"instances": 2}])
    calls, active, rate, median = build_tiles(numbers, days(1))
    assert (calls.value, calls.before, calls.spark) == (200, 100, [40])
    assert (active.id, active.value, active.spark) == ("instances", 12, [2])
    assert (active.established, active.new) == (7, 3)
    assert active.standing == "7 established, 3 new this week, 2 seen too briefly"
    assert {tile.standing for tile in (calls, rate, median)} == {""}
    assert (rate.value, rate.before, rate.spark) == (0.025, 0.05, [0.025])
    assert (median.value, median.spark) == (340.0, [20.0])


def test_without_events_in_the_previous_period_there_is_no_comparison() -> None:
    assert {tile.before for tile in build_tiles(TileNumbers(TOTALS, NOTHING, STANDINGS, []), days(1))} == {None}


def test_without_calls_there_is_no_error_rate() -> None:
    assert [tile.value for tile in build_tiles(TileNumbers(NOTHING, NOTHING, NO_STANDINGS, []), days(1))] == [
        0,
        0,
        None,
        None,
    ]


def test_under_a_tool_filter_the_instances_are_those_that_called_the_tool() -> None:
    tiles = build_tiles(
        TileNumbers(TOTALS, TOTALS, STANDINGS, [row("2026-11-01", 40) | {"instances": 2}]),
        days(1, extra={"tool": "query"}),
    )
    assert [(tile.id, tile.value) for tile in tiles][1] == ("callers", 9)
    assert (tiles[1].established, tiles[1].new, tiles[1].standing) == (6, 3, "6 established, 3 new this week")
    assert tiles[1].spark == [], "active instances in general tell nothing about a tool"


def test_a_product_without_an_established_instance_says_that_all_count() -> None:
    numbers = TileNumbers(TOTALS, TOTALS, NO_STANDINGS | {"instances": 12, "new": 12}, [])
    assert build_tiles(numbers, days(1))[1].standing == "none is established yet, so all count"
    assert build_tiles(TileNumbers(NOTHING, NOTHING, NO_STANDINGS, []), days(1))[1].standing == ""


def test_a_tile_says_which_events_it_counts() -> None:
    numbers, scopes = TileNumbers(TOTALS, TOTALS, STANDINGS, []), ("calls of some", "events of some")
    tiles = build_tiles(numbers, days(1, where=("transport:is:stdio",)), scopes)
    assert [tile.scope for tile in tiles] == ["calls of some", "events of some", "calls of some", "calls of some"]
    tiles = build_tiles(numbers, days(1, where=("tool_executed.tool:is_not:query",)), scopes)
    assert {tile.scope for tile in tiles} == {"calls of some"}
    assert tiles[1].id == "callers"


@pytest.mark.parametrize(("length", "shift"), [(1, 7), (7, 7), (10, 14), (30, 35), (90, 91), (365, 371)])
def test_the_previous_period_is_the_last_one_of_the_same_length_and_weekdays(length: int, shift: int) -> None:
    now = days(length, version="2.3.0")
    earlier = previous_period(now)
    assert (now.start - earlier.start, earlier.end - earlier.start) == (timedelta(shift), timedelta(length))
    assert earlier.start.weekday() == now.start.weekday()
    assert earlier.end <= now.start
    assert earlier.version == "2.3.0"


def test_hours_are_compared_with_those_of_a_week_before() -> None:
    start = START.replace(hour=5)
    earlier = previous_period(Filters("dot-ai", start, start + timedelta(hours=6)))
    assert (earlier.start, earlier.end) == (start - timedelta(days=7), start - timedelta(days=7, hours=-6))


def test_filters_by_a_property_can_be_left_out() -> None:
    where = ("product_version:is_not:2.2.0", "k8s_version:is:1.29")
    extra = {"tool": "query", "transport": "sse"}
    filters = days(7, version="2.3.0", provider="xai", internal="all", extra=extra, where=where)
    assert filter_names(filters) == ["version", "provider", "tool", "transport", "k8s_version"]
    remaining = without_filters(filters, "version", "tool")
    assert filter_names(remaining) == ["provider", "transport", "k8s_version"]
    remaining = without_filters(filters)
    assert (filter_names(remaining), remaining.internal) == ([], "all")
