"""Charts show the values that most instances have, and the others as `other`, exactly as the oracle says."""

import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collector.tests.answer.chart_rows import equal
from collector.tests.answer.test_charts_equal_truth import END, filters_of, oracle_query_of
from collector.tests.store.fill_store import CATALOGUES, admitted, journal, journal_fleet, loader_of, open_store
from footfall_collector.answer import Answers, ask, parse_question
from footfall_collector.answer.value_caps import MAX_VALUES, REFRESH_SECONDS, REST_PER_SECOND, ValueCaps
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle.fleet import Fleet, stamp
from tests.oracle.truth import Truth

FLEET = Fleet(40, 40, 4, END)
DOT_AI, EVENTS = CATALOGUES["dot-ai"], 15_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckStore]:
    """A fleet of which one half is rolled up."""
    data = tmp_path_factory.mktemp("fleet")
    sent = sorted(FLEET.requests(), key=lambda one: one.received)
    opened = open_store(data)
    loader = loader_of(data, opened)
    for part in (sent[: len(sent) // 2], sent[len(sent) // 2 :]):
        journal_fleet(data, part)
        loader.run_once()
        if part[-1] is not sent[-1]:
            loader.checkpoint()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("limit", "query"),
    [
        (1, {"range": "90d", "internal": "all"}),
        (3, {"range": "24h"}),
        (3, {"range": "90d", "version": "1.12.0"}),
        (2, {"range": "90d", "tool": "remediate"}),
        (2, {"range": "90d", "version": "other", "internal": "all"}),
        (3, {"range": "24h", "version": "other"}),
        (2, {"range": "24h", "tool": "other", "error_type": "other"}),
        (1, {"range": "90d", "mcp_client": "other", "k8s_version": "other"}),
    ],
    ids=str,
)
def test_charts_with_few_values_equal_the_oracle(store: DuckStore, query: dict[str, str], limit: int) -> None:
    answers, truth = Answers(store, CATALOGUES, max_values=limit), Truth(FLEET.events())
    for spec in answers.charts():
        chart = answers.chart(spec.id, filters_of(query))
        true = truth.chart(spec.id, replace(oracle_query_of(spec, query), max_values=limit))
        assert equal(chart.rows, true), spec.id


def test_the_number_of_hidden_values_is_known_and_totals_stay(store: DuckStore) -> None:
    few, all_values = Answers(store, CATALOGUES, max_values=2), Answers(store, CATALOGUES)
    query = filters_of({"range": "90d", "internal": "all"})
    chart, whole = few.chart("tool-usage", query), all_values.chart("tool-usage", query)
    shown, every = chart.rows, whole.rows
    assert len(shown) <= 3 < len(every)
    assert sum(int(row[1] or 0) for row in shown) == sum(int(row[1] or 0) for row in every)
    assert few.value_caps.of_product("dot-ai").folded["tool"] == len(every) - 2
    assert (chart.folded, whole.folded) == ({"tool": len(every) - 2}, {}), "the answer says how many are in `other`"
    assert few.chart("events", query).folded == {}, "a chart without the column has none of them"
    assert few.value_caps.folded_values() >= len(every) - 2
    assert all_values.value_caps.of_product("dot-ai").folded == {}
    assert len([version for version in few.versions("dot-ai") if version != "other"]) <= 2


def test_a_question_through_the_instance_does_not_multiply_events_by_invented_values(tmp_path: Path) -> None:
    """One instance has all the tools: each of its events belongs to every one of them."""
    opened = open_store(tmp_path)
    journal(tmp_path, [admitted([call_of_tool(number) for number in range(EVENTS)], END, None)])
    loader_of(tmp_path, opened).run_once()
    caps, filters = ValueCaps(opened), filters_of({"range": "90d", "internal": "all"})
    caps.of_product("dot-ai")

    def processor_seconds(**query: str) -> float:
        question, took = parse_question({"measure": "events", "by": "tool", **query}, (), filters, DOT_AI), []
        for _ in range(3):
            began = time.process_time()
            rows = ask(Answers(opened, CATALOGUES, value_caps=caps), question, filters).rows
            took.append(time.process_time() - began)
            assert len(rows) == MAX_VALUES + 1
        return min(took)

    own, through = processor_seconds(event="tool_executed"), processor_seconds()
    assert through < 6 * own, "it was fifteen times as much"
    opened.close()


def call_of_tool(number: int) -> dict[str, Any]:
    properties = {"tool": f"tool_{number}", "success": True, "duration_ms": 12.0, "dot_ai_version": "1.0.0"}
    top = {"event": "tool_executed", "uuid": str(uuid.UUID(int=number)), "distinct_id": "local_00000000000000aa"}
    return {**top, "timestamp": stamp(END - 1 - number), "properties": properties}


def test_values_that_were_just_loaded_are_ranked_at_the_next_question(tmp_path: Path) -> None:
    opened = open_store(tmp_path)
    caps = ValueCaps(opened, 1, lambda: 0.0)
    assert caps.of_product("dot-ai").kept == {}
    journal_fleet(tmp_path, list(Fleet(5, 5, 1, END).requests()))
    loader_of(tmp_path, opened).run_once()
    assert "tool" in caps.of_product("dot-ai").kept
    opened.close()


def test_ranking_costs_a_tenth_of_the_time_at_most(tmp_path: Path) -> None:
    """Each look at the clock is a second after the last one, so that a ranking takes a second."""
    seconds = iter(range(1000))
    opened = open_store(tmp_path)
    caps = ValueCaps(opened, 1, lambda: float(next(seconds)))
    assert caps.of_product("dot-ai").kept == {}
    journal_fleet(tmp_path, list(Fleet(5, 5, 1, END).requests()))
    loader_of(tmp_path, opened).run_once()
    looks = 1
    while not caps.of_product("dot-ai").kept:
        looks += 1
    assert looks == REST_PER_SECOND
    opened.close()


def test_what_another_collector_loaded_is_ranked_after_a_minute(store: DuckStore) -> None:
    clock = [0.0]
    caps = ValueCaps(store, 1, lambda: clock[0])
    first = caps.of_product("dot-ai")
    clock[0] = REFRESH_SECONDS - 1
    assert caps.of_product("dot-ai") is first
    clock[0] = REFRESH_SECONDS
    assert caps.of_product("dot-ai") is not first


@pytest.mark.parametrize(
    ("instance", "event", "chart"),
    [
        ("ephemeral_00000000000000aa", "tool_executed", "tool-usage"),
        ("ephemeral_00000000000000aa", "tool_error", "error-types"),
        ("local_00000000000000aa", "tool_error", "error-types"),
    ],
)
def test_values_are_bounded_whoever_invents_them_and_in_whichever_event(
    tmp_path: Path, instance: str, event: str, chart: str
) -> None:
    """Ephemeral instances rank no value, and errors no tool: theirs are shown where others leave room."""
    opened = open_store(tmp_path)
    sent = [{**call_of_tool(number), "distinct_id": instance, "event": event} for number in range(MAX_VALUES + 100)]
    for one in sent:
        one["properties"] = {**one["properties"], "error_type": "TimeoutError"}
    journal(tmp_path, [admitted(sent, END, None)])
    loader_of(tmp_path, opened).run_once()
    answer = Answers(opened, CATALOGUES).chart(chart, filters_of({"range": "90d", "internal": "all"}))
    assert len(answer.rows) == MAX_VALUES + 1
    assert answer.folded == {"tool": 100}
    opened.close()
