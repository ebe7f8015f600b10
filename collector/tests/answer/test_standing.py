"""Established and new instances: over a generated fleet, the counts equal those of the oracle."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collector.tests.store.fill_store import CATALOGUES, PEPPER, journal_fleet, loader_of, open_store
from footfall_collector.admit.instance_hash import instance_of
from footfall_collector.answer import Answers, Filters
from footfall_collector.show.insight import rows_as_dicts
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle.fleet import Fleet, FleetRequest
from tests.oracle.matching import MatchingEvents, OracleQuery
from tests.oracle.standing import TrueStanding, true_counts, true_standings
from tests.oracle.world import DAY

END = 1_795_534_217  # 2026-11-24T15:30:17Z
TOMORROW = END // DAY + 1
FLEET = Fleet(40, 60, 2, END)
EVENTS = list(FLEET.events())
RANGES = {"7d": 7, "30d": 30, "90d": 90}


@dataclass(frozen=True)
class Case:
    """A fleet in a store."""

    store: DuckStore
    sent: list[FleetRequest]
    standings: dict[str, TrueStanding]

    @property
    def answers(self) -> Answers:
        return Answers(self.store, CATALOGUES)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    data = tmp_path_factory.mktemp("standing")
    sent = sorted(FLEET.requests(), key=lambda one: one.received)
    store = open_store(data)
    loader = loader_of(data, store)
    for part in (sent[: len(sent) // 2], sent[len(sent) // 2 :]):
        journal_fleet(data, part)
        loader.run_once()
        if part[-1] is not sent[-1]:
            loader.checkpoint()
    assert store.unrolled_loads > 0
    yield Case(store, sent, true_standings(sent))
    store.close()


def filters_of(period: str, internal: str = "hide", **extra: str) -> Filters:
    query = {"product": "dot-ai", "range": period, "internal": internal, **extra}
    return Filters.parse(query, datetime.fromtimestamp(END, UTC), CATALOGUES)


def matching(period: str, internal: str, **filters: str) -> MatchingEvents:
    start, end = (TOMORROW - RANGES[period]) * DAY, TOMORROW * DAY
    return MatchingEvents(EVENTS, OracleQuery(start, end, internal, filters=filters))


def check(case: Case) -> None:
    for period in RANGES:
        for internal in ("hide", "all"):
            [row] = case.answers.standings(filters_of(period, internal)).rows
            events = matching(period, internal)
            expected = true_counts(events.in_range, case.standings, TOMORROW)
            assert row[:3] == expected, (period, internal)
            assert row[3:6] == true_counts(events.named("tool_executed"), case.standings, TOMORROW)
            assert row[6] == sum(standing.established for standing in case.standings.values())
            if period == "90d":
                assert 10 < expected[1] < expected[0], "a fleet with both kinds"
                assert expected[2] > 0


def test_established_and_new_instances_are_those_of_the_oracle(case: Case) -> None:
    check(case)


def test_standing_is_that_of_the_whole_product_under_every_filter(case: Case) -> None:
    [row] = case.answers.standings(filters_of("90d", provider="openai")).rows
    events = matching("90d", "hide", ai_provider="openai")
    assert row[:3] == true_counts(events.in_range, case.standings, TOMORROW)


def test_short_ranges_use_the_standing_of_all_time(case: Case) -> None:
    [row] = case.answers.standings(filters_of("24h")).rows
    assert isinstance(row[1], int)
    assert row[1] > 0
    assert row[6] == sum(standing.established for standing in case.standings.values())


def test_each_version_has_its_established_instances(case: Case) -> None:
    rows = rows_as_dicts(case.answers.releases(filters_of("90d")))
    in_range = matching("90d", "hide").in_range
    for row in rows:
        in_version = [event for event in in_range if event.properties.get("product_version") == row["product_version"]]
        assert [row["instances"], row["established"]] == true_counts(in_version, case.standings, TOMORROW)[:2]
    assert any(0 < row["established"] < row["instances"] for row in rows)


def test_counts_of_established_instances_leave_out_all_others(case: Case) -> None:
    events = matching("30d", "hide")
    established = {instance for instance, standing in case.standings.items() if standing.established}
    rows = rows_as_dicts(case.answers.public(filters_of("30d"), established=True))
    [total] = [row["instances"] for row in rows if row["dimension"] is None]
    assert total == true_counts(events.in_range, case.standings, TOMORROW)[1]
    calls = sum(event.instance in established for event in events.named("tool_executed"))
    assert case.answers.public_calls(filters_of("30d"), established=True) == calls
    assert case.answers.public_calls(filters_of("30d"), established=False) == len(events.named("tool_executed"))


def test_a_rebuild_changes_no_standing_and_a_forgotten_instance_has_none(case: Case, tmp_path: Path) -> None:
    case.store.roll_up()
    check(case)
    case.store.rebuild()
    check(case)
    established = [name for name, standing in case.standings.items() if standing.established]
    case.store.forget(instance_of(PEPPER, "dot-ai", established[0])[0])
    [row] = case.answers.standings(filters_of("90d", "all")).rows
    assert row[6] == len(established) - 1
