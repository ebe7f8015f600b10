"""The charts of what instances do, over lives that are short enough to count by hand."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collector.tests.answer.chart_rows import equal
from collector.tests.store.fill_store import CATALOGUES, PEPPER, journal_fleet, loader_of, open_store
from footfall_collector.admit.instance_hash import instance_of
from footfall_collector.answer import Answers, Cell, Filters
from footfall_collector.answer import answers as answers_module
from footfall_collector.answer.answers import selection_for
from footfall_collector.answer.behaviour import TOOL_SEQUENCES
from footfall_collector.store import EventSelection
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle.behaviour import tool_sequences
from tests.oracle.fleet import Fleet, FleetEvent, FleetRequest
from tests.oracle.matching import MatchingEvents, OracleQuery
from tests.oracle.world import DAY, HOUR

NOW = 1_795_534_217  # 2026-11-24T15:30:17Z, a Tuesday
TODAY = NOW // DAY
FLEET = Fleet(40, 30, 9, NOW)


def lived(instance: str, day: int, name: str = "server_started", at: int = HOUR, **more: Any) -> FleetEvent:
    """One event of an instance, `day` days before today, `at` seconds after midnight."""
    properties = {"product_version": "1.0.0", "is_internal": False, **more}
    if name == "server_started":
        properties.setdefault("deployment_method", "helm")
    if name == "tool_executed":
        properties = {"tool": "query", "success": True, "duration_ms": 1.0, "mcp_client": "claude-code", **properties}
    sent = {"dot_ai_version" if key == "product_version" else key: value for key, value in properties.items()}
    return FleetEvent((TODAY - day) * DAY + at, name, instance, str(uuid.uuid4()), properties, sent)


def answers_of(data: Path, events: list[FleetEvent], rolled: bool) -> tuple[Answers, DuckStore]:
    store = open_store(data)
    loader = loader_of(data, store)
    journal_fleet(data, [FleetRequest(min(NOW, event.at + 1), 0, (event,)) for event in events])
    loader.run_once()
    if rolled:
        store.roll_up()
    return Answers(store, CATALOGUES), store


@pytest.fixture(params=[False, True], ids=["from raw events", "from roll-ups"])
def rolled(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def rows(answers: Answers, chart: str, **query: str) -> list[list[Cell]]:
    filters = {"product": "dot-ai", "range": "30d", **query}
    return answers.chart(chart, Filters.parse(filters, datetime.fromtimestamp(NOW, UTC), CATALOGUES)).rows


def day(before_today: int) -> str:
    return datetime.fromtimestamp((TODAY - before_today) * DAY, UTC).strftime("%Y-%m-%d")


def activation_steps(answers: Answers, dimension: str, value: str | None, **query: str) -> list[tuple[Cell, Cell]]:
    """(instances, those that could) of each step."""
    found = rows(answers, "activation", **query)
    return [(row[3], row[4]) for row in found if row[:2] == [dimension, value]]


def test_activation_counts_each_step_among_those_that_had_the_time_for_it(tmp_path: Path, rolled: bool) -> None:
    lives = [
        # Installed 20 days ago with 1.0.0, upgraded later; came back on its third day and in its second week.
        lived("old", 20),
        lived("old", 20, "client_connected", mcp_client="cursor-vscode"),
        lived("old", 20, "tool_executed"),
        lived("old", 18, product_version="2.0.0"),
        lived("old", 13, product_version="2.0.0"),
        # Installed 10 days ago, called without connecting, came back on day 8 only: too young for a second week.
        lived("young", 10, product_version="2.0.0", deployment_method="docker"),
        lived("young", 10, "tool_executed", product_version="2.0.0"),
        lived("young", 2, "tool_executed", product_version="2.0.0"),
        # Installed today: too young for a second day. No event says how.
        lived("new", 0, "tool_executed", product_version="2.0.0"),
        # First seen before the range, or not lasting.
        lived("older", 40),
        lived("older", 5),
        lived("ephemeral_1", 3),
    ]
    answers, store = answers_of(tmp_path, lives, rolled)
    assert activation_steps(answers, "all", None) == [(3, 3), (2, 3), (1, 3), (3, 3), (1, 2), (1, 1)]
    assert activation_steps(answers, "version", "1.0.0") == [(1, 1), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1)]
    assert activation_steps(answers, "version", "2.0.0") == [(2, 2), (1, 2), (0, 2), (2, 2), (0, 1), (0, 0)]
    assert activation_steps(answers, "deployment_method", None) == [(1, 1), (0, 1), (0, 1), (1, 1), (0, 0), (0, 0)]
    # A version selects those that were installed with it: an upgrade installs nothing.
    assert activation_steps(answers, "all", None, version="2.0.0") == activation_steps(answers, "version", "2.0.0")
    # What happened after the range didn't happen in it.
    early = activation_steps(answers, "all", None, range="custom", start=day(20), end=day(18))
    assert early == [(1, 1), (1, 1), (1, 1), (1, 1), (0, 0), (0, 0)]
    store.close()


def test_sequences_stay_within_an_instance_and_a_day(tmp_path: Path, rolled: bool) -> None:
    lives = [
        lived("a", 1, "tool_executed", 10, tool="recommend"),
        lived("a", 1, "tool_executed", 20, tool="operate"),
        # Of one second: by name.
        lived("a", 1, "tool_executed", 30, tool="version"),
        lived("a", 1, "tool_executed", 30, tool="query"),
        lived("b", 1, "tool_executed", 15, tool="remediate"),
        lived("a", 0, "tool_executed", 40, tool="operate"),
        lived("b", 1, "tool_executed", 16, tool="operate"),
        lived("a", 40, "tool_executed", 10, tool="remediate"),
        lived("a", 40, "tool_executed", 11, tool="operate"),
        lived("ephemeral_1", 1, "tool_executed", 1, tool="recommend"),
        lived("ephemeral_1", 1, "tool_executed", 2, tool="operate"),
    ]
    answers, store = answers_of(tmp_path, lives, rolled)
    first = day(30)
    expected = [
        [one, following, 1, 1, 1.0, first, 1.0]
        for one, following in (
            ("operate", "query"),
            ("query", "version"),
            ("recommend", "operate"),
            ("remediate", "operate"),
        )
    ]
    # 90 days are cut to the last 31, and the answer says so.
    assert rows(answers, "tool-sequences", range="90d") == expected
    assert rows(answers, "tool-sequences", range="7d")[0][5] == day(6)
    store.close()


def test_pairs_and_concentration_count_instances_and_their_calls(tmp_path: Path, rolled: bool) -> None:
    lives = [lived("a", 1, "tool_executed", at, tool="query") for at in range(6)]
    lives += [lived("a", 3, "tool_executed", tool="version"), lived("b", 2, "tool_executed", tool="version")]
    lives += [lived("b", 2, "tool_executed", tool="query"), lived("c", 2, "tool_executed", tool="query")]
    lives += [lived("ephemeral_1", 1, "tool_executed", at, tool="query") for at in range(9)]
    answers, store = answers_of(tmp_path, lives, rolled)
    assert rows(answers, "tool-pairs") == [["query", "version", 2, 2 / 3, 2 * 3 / (3 * 2)]]
    expected = [
        [1, 1, 7, 0.7, 0.7, day(29)],
        [4, 1, 2, 0.2, 0.9, day(29)],
        [7, 1, 1, 0.1, 1.0, day(29)],
    ]
    assert equal(rows(answers, "concentration"), expected)
    assert [row[2] for row in rows(answers, "concentration", tool="version")] == [1, 1]
    store.close()


def test_a_release_is_adopted_once_half_of_a_days_instances_run_it_or_a_later_one(tmp_path: Path, rolled: bool) -> None:
    lives = [lived(name, before) for before in (9, 8, 7) for name in ("a", "b", "c", "d")]
    lives += [lived("a", before, product_version="2.0.0") for before in (8, 7)]
    lives += [lived("b", 7, product_version="2.1.0"), lived("b", 6, product_version="2.1.0"), lived("c", 6)]
    answers, store = answers_of(tmp_path, lives, rolled)
    assert rows(answers, "release-adoption") == [
        ["2.0.0", day(8), 1, day(7), 1, 0.5],
        ["2.1.0", day(7), 1, day(6), 1, 0.5],
    ]
    assert rows(answers, "release-adoption", range="custom", start=day(8), end=day(8)) == [
        ["2.0.0", day(8), 1, None, None, 0.25]
    ]
    store.close()


def test_what_an_instance_met_last_counts_once_it_stayed_away_for_two_weeks(tmp_path: Path, rolled: bool) -> None:
    lives = [
        lived("gone", 20, "tool_executed", 100, tool="recommend"),
        lived("gone", 20, "tool_executed", 200, tool="operate"),
        lived("gone", 20, "tool_error", 150, tool="operate", error_type="TimeoutError"),
        lived("gone", 20, "server_started", 300, product_version="1.1.0"),
        # An older error, and an upgrade before it left.
        lived("silent", 25, "tool_error", tool="query", error_type="ConflictError"),
        lived("silent", 14, product_version="2.0.0"),
        lived("here", 20, "tool_executed", tool="version"),
        lived("here", 1),
        lived("perhaps", 13, "tool_executed"),
        lived("ephemeral_1", 20, "tool_executed"),
    ]
    answers, store = answers_of(tmp_path, lives, rolled)
    assert rows(answers, "last-met") == [
        ["error_type", "ConflictError", 1, 2, 0.5],
        ["error_type", "TimeoutError", 1, 2, 0.5],
        ["tool", None, 1, 2, 0.5],
        ["tool", "operate", 1, 2, 0.5],
        ["version", "1.1.0", 1, 2, 0.5],
        ["version", "2.0.0", 1, 2, 0.5],
    ]
    # It left with 2.0.0: it isn't lost to 1.0.0, which it ran before.
    assert [row[:3] for row in rows(answers, "last-met", version="2.0.0")] == [
        ["error_type", "ConflictError", 1],
        ["tool", None, 1],
        ["version", "2.0.0", 1],
    ]
    assert [row[1] for row in rows(answers, "last-met", version="1.0.0")] == ["TimeoutError", "operate", "1.1.0"]
    store.close()


def test_a_week_that_is_not_over_has_lost_nobody_yet(tmp_path: Path, rolled: bool) -> None:
    # Today is a Tuesday: the weeks begin 1, 8, 15 and 22 days ago.
    lives = [lived(name, before) for name, before in (("a", 15), ("b", 14), ("a", 8), ("c", 7), ("b", 1))]
    answers, store = answers_of(tmp_path, lives, rolled)
    assert rows(answers, "weekly-instances") == [
        [day(15), 2, 2, 0, 0],
        [day(8), 2, 1, 1, 1],
        [day(1), 1, 0, 1, None],
    ]
    store.close()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckStore]:
    data = tmp_path_factory.mktemp("fleet")
    opened = open_store(data)
    journal_fleet(data, FLEET.requests())
    loader_of(data, opened).run_once()
    yield opened
    opened.close()


def test_of_too_many_calls_those_of_some_instances_are_read_and_the_answer_says_so(
    store: DuckStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    filters = Filters.parse({"range": "30d", "product": "dot-ai"}, datetime.fromtimestamp(NOW, UTC), CATALOGUES)
    selection = selection_for(TOOL_SEQUENCES, filters)
    [[calls]] = store.query("SELECT sum(calls)::BIGINT FROM tool_calls", selection)
    monkeypatch.setattr(answers_module, "SAMPLED_CALLS", calls // 3 + 1)
    sampled = Answers(store, CATALOGUES).chart("tool-sequences", filters).rows
    assert sampled == true_rows(selection, 3)
    assert {row[6] for row in sampled} == {1 / 3}


def true_rows(selection: EventSelection, one_in: int) -> list[list[Any]]:
    hashes = {event.instance: instance_of(PEPPER, "dot-ai", event.instance)[0] for event in FLEET.events()}
    events = [event for event in FLEET.events() if int(hashes[event.instance], 16) % one_in == 0]
    true = tool_sequences(MatchingEvents(events, OracleQuery(selection.start, selection.end)))
    return [[*row[:6], 1 / one_in] for row in true]
