"""What links read of one thing, of events, of data health, of the previous period, and of saved views."""

import json
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest

from collector.tests.access.test_links import CONDITIONS, SIGNED_IN, gated_collector, made, make
from collector.tests.access.test_token_scopes import OTHER
from collector.tests.app.http import ask
from tests.support.collector_process import CollectorProcess


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    with gated_collector(tmp_path_factory.mktemp("gated") / "data") as started:
        yield started


def test_the_page_about_one_thing_is_about_this_one_alone(gated: CollectorProcess) -> None:
    path = made(gated, page="things/tool/query", query="product=dot-ai")
    assert 'data-thing="query"' in ask(gated, "GET", path).text
    assert "query" in ask(gated, "GET", f"{path}/api/things/tool?thing=query").json["answer"]
    asks = f"{path}/api/ask?event=tool_executed&measure=rate&by=mcp_client"
    assert ask(gated, "GET", f"{asks}&where=tool%3Ais%3Aquery").json["rows"][0][1:] == [0.0, 0, 2]
    for other in ("", "&where=tool%3Ais%3Arecommend", "&where=tool%3Ais%3Aquery&where=tool%3Ais%3Aquery"):
        assert (other, ask(gated, "GET", asks + other).status) == (other, 200 if other.count("query") == 2 else 403)
    for other in ("/api/things/tool?thing=recommend", "/api/things/tool", "/api/pages/tools", "/things/tool/query"):
        assert (other, ask(gated, "GET", path + other).status) == (other, 403)


def test_the_page_of_events_lists_and_asks_the_questions_of_its_product(gated: CollectorProcess) -> None:
    path = made(gated, page="events", query="product=dot-ai")
    questions = ask(gated, "GET", f"{path}/api/charts").json["questions"]
    assert {each["product"] for each in questions} == {"dot-ai"}
    for each in questions[:: len(questions) // 5]:
        assert ask(gated, "GET", path + each["ask"]).status == 200, each
    assert ask(gated, "GET", f"{path}/api/ask?measure=instances&by=tool").status == 403


def test_data_health_says_nothing_of_another_product(gated: CollectorProcess) -> None:
    for product in ("dot-ai", OTHER):
        path = made(gated, page="health", query=f"product={product}&range=7d&tool=query")
        health = ask(gated, "GET", f"{path}/api/health").json
        facts = {fact["id"]: fact["value"] for fact in health["facts"]}
        calls = 3 if product == "dot-ai" else 0
        assert (facts["accepted"], facts["in_store"]) == (calls, calls), "filters are of no use to it"
        tables = {table["id"]: table for table in health["tables"]}
        assert [row[0] for row in tables["products"]["rows"]] == [product]
        hidden = OTHER if product == "dot-ai" else "dot-ai"
        answer = ask(gated, "GET", f"{path}/api/pages/health").json["answer"]
        assert ("**3 of 3 events**" in answer) == (product == "dot-ai")
        assert not any(hidden in str(row) for table in tables.values() for row in table["rows"])
    whole = ask(gated, "GET", "/api/health?product=dot-ai", headers=SIGNED_IN).json["tables"]
    assert len(next(table for table in whole if table["id"] == "products")["rows"]) == 2


def test_the_previous_period_is_read_only_by_a_link_with_compare(gated: CollectorProcess) -> None:
    chart = "/api/charts/tool-usage?period=before"
    compared, plain = made(gated, query=f"{CONDITIONS}&compare=1"), made(gated)
    assert "&amp;compare=1" in ask(gated, "GET", compared).text
    assert ask(gated, "GET", compared + chart).json["rows"] == []
    assert ask(gated, "GET", f"{compared}/api/charts/tool-usage").json["rows"] != []
    period = ask(gated, "GET", f"{compared}/api/pages/tools").json["period"]
    assert period["compared_end"] <= period["end"]
    for part in ("compared", "before_compared"):
        assert ask(gated, "GET", f"{compared}/api/charts/tool-usage?period={part}").status == 200
    both = f"{compared}{chart}&period=compared"
    for refused in (f"{plain}{chart}", f"{compared}/api/pages/tools?period=before", f"{compared}{chart}before", both):
        assert ask(gated, "GET", refused).status == 403
    assert ask(gated, "GET", f"{chart}&product=dot-ai", headers=SIGNED_IN).status == 400


def test_the_main_chart_of_a_page_asks_its_own_questions_only(gated: CollectorProcess) -> None:
    path = made(gated, page="overview")
    asks = f"{path}/api/ask?event=tool_executed&measure=rate&step=day&by=tool"
    assert ask(gated, "GET", asks).json["rows"][0][1] == "query"
    for other in ("&where=tool:is:query", "&of=duration_ms", "&limit=5", "&by=transport"):
        assert ask(gated, "GET", asks + other).status == 403
    assert ask(gated, "GET", f"{path}/api/ask?measure=events&by=k8s_version").status == 403


def test_the_conditions_of_a_saved_segment_are_written_out(gated: CollectorProcess) -> None:
    body = json.dumps({"name": "mine", "where": ["tool:is:recommend"]}).encode()
    headers = SIGNED_IN | {"Content-Type": "application/json"}
    assert ask(gated, "POST", "/api/segments?product=dot-ai", body, headers).status == 200
    answer = make(gated, query="product=dot-ai&segment=mine").json
    assert parse_qs(answer["query"])["where"] == ["tool:is:recommend"]
    rows = ask(gated, "GET", f"{answer['path']}/api/charts/tool-usage").json["rows"]
    assert [row[0] for row in rows] == ["recommend"]


def test_what_differs_and_a_comparison_are_answered_by_a_link_to_a_page_that_has_them_open(
    gated: CollectorProcess,
) -> None:
    body = json.dumps({"name": "asked", "where": ["tool:is:query", "provider:is_not:azure"]}).encode()
    headers = SIGNED_IN | {"Content-Type": "application/json"}
    assert ask(gated, "POST", "/api/segments?product=dot-ai", body, headers).status == 200
    sides = "a=asked&b=tool%3Ais%3Arecommend"
    path = made(gated, query=f"product=dot-ai&range=7d&explain=p95&{sides}")
    written = "a=tool%3Ais%3Aquery&a=provider%3Ais_not%3Aazure&b=tool%3Ais%3Arecommend"
    assert f"&amp;explain=p95&amp;{written.replace('&', '&amp;')}" in ask(gated, "GET", path).text
    measures = ask(gated, "GET", f"{path}/api/compare?{written}").json["measures"]
    assert (measures[0]["a"], measures[0]["b"]) == (2, 1)
    assert ask(gated, "GET", f"{path}/api/explain?{written}&measure=p95").json["measure"] == "p95"
    plain = made(gated)
    for refused in (
        f"{path}/api/compare",
        f"{path}/api/compare?{sides}",
        f"{path}/api/compare?{written}&a=tool%3Ais%3Arecommend",
        f"{path}/api/compare?{written}&measure=p95",
        f"{path}/api/explain?{written}",
        f"{path}/api/explain?measure=p95",
        f"{path}/api/explain?against=1.0.0",
        f"{path}/api/charts/tool-usage?{written}",
        f"{plain}/api/compare?{written}",
        f"{plain}/api/explain",
    ):
        assert (refused, ask(gated, "GET", refused).status) == (refused, 403)


def test_a_comparison_on_the_page_of_one_thing_is_within_it(gated: CollectorProcess) -> None:
    sides = "a=provider%3Ais%3Aanthropic&b=provider%3Ais%3Aopenai"
    path = made(gated, page="things/tool/query", query=f"product=dot-ai&{sides}&explain=1&against=1.0.0&version=2.3.0")
    about = "where=tool%3Ais%3Aquery"
    measures = ask(gated, "GET", f"{path}/api/compare?{sides}&{about}").json["measures"]
    assert measures[0]["name"] == "calls"
    assert ask(gated, "GET", f"{path}/api/explain?against=1.0.0&{about}").status == 200
    for refused in (f"compare?{sides}", f"compare?{sides}&where=tool%3Ais%3Arecommend", "explain?against=1.0.0"):
        assert (refused, ask(gated, "GET", f"{path}/api/{refused}").status) == (refused, 403)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("a=nobody&b=tool:is:query", "there is no saved segment"),
        ("a=nothing:is:x&b=tool:is:query", "no such property"),
        ("&".join(["a=tool:is:query"] * 9) + "&b=tool:is:recommend", "at most 8 conditions"),
        (f"against={'1' * 300}", "longer than"),
    ],
    ids=["segment", "property", "conditions", "version"],
)
def test_what_a_page_can_not_open_no_link_keeps(gated: CollectorProcess, query: str, problem: str) -> None:
    answer = make(gated, query=f"product=dot-ai&{query}")
    assert answer.status == 400
    assert problem in answer.json["error"].lower()
