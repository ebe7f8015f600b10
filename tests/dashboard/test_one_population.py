"""All statements of one population have one number: of tiles, sentences, lists, reports, `/mcp` and the week."""

import json
import re
import urllib.request
from typing import Any

import pytest

from tests.dashboard.conftest import Opener
from tests.dashboard.reading import answer, fetch, tile

Query = dict[str, str]
QUERIES: dict[str, Query] = {
    "no filters": {},
    "a week of a provider": {"range": "7d", "provider": "openai"},
    "a tool": {"tool": "query"},
    "a client": {"mcp_client": "claude-code", "range": "90d"},
    "a version": {"version": "1.13.0"},
    "a cluster's version": {"k8s_version": "1.33", "internal": "all"},
}
_MADE = re.compile(r"([\d,]+) instances? made ([\d,]+) tool calls?")
_FAILED = re.compile(r"([\d.]+) % of ([\d,]+) calls failed")


def number(text: str) -> int:
    return int(text.replace(",", ""))


def sentence(url: str, page: str, query: Query) -> str:
    text: str = fetch(url, f"/api/pages/{page}", **query)["answer"]
    return re.sub(r"\{(?:bad|good)\|([^}]*)\}|[`*]", r"\1", text).replace("\u00a0", " ")


def found(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    match = pattern.search(text)
    assert match, text
    return match


def total(url: str, chart: str, column: str, query: Query) -> int:
    """The sum of a column of a chart."""
    answered = fetch(url, f"/api/charts/{chart}", **query)
    return sum(row[answered["columns"].index(column)] or 0 for row in answered["rows"])


def asked(url: str, query: Query, **question: str) -> Any:
    return fetch(url, "/api/ask", **question, **query)["rows"][0][0]


def tiles_of(tiles: list[dict[str, Any]]) -> dict[str, float]:
    return {each["id"]: each["value"] for each in tiles}


def assistant_tiles(url: str, query: Query) -> dict[str, float]:
    """The tiles that the tool `answers` of /mcp gives."""
    names = {"range", "product", "version", "provider", "internal"}
    arguments: dict[str, Any] = {name: value for name, value in query.items() if name in names}
    others = [(name, value) for name, value in query.items() if name not in names]
    arguments["where"] = [f"{name}:is:{value}" for name, value in others]
    accepted = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    call = {"name": "answers", "arguments": arguments}

    def send(method: str, params: dict[str, Any], session: dict[str, str]) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        return urllib.request.urlopen(urllib.request.Request(f"{url}/mcp", body, accepted | session), timeout=30)

    about = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    with send("initialize", about, {}) as begun:
        session = {"Mcp-Session-Id": begun.headers["Mcp-Session-Id"], "MCP-Protocol-Version": "2025-06-18"}
    with send("tools/call", call, session) as answered:
        return tiles_of(json.loads(json.load(answered)["result"]["content"][0]["text"])["tiles"])


def all_equal(stated: dict[str, float]) -> None:
    assert len(set(stated.values())) == 1, stated


@pytest.mark.parametrize("query", QUERIES.values(), ids=list(QUERIES))
def test_every_statement_of_the_calls_is_the_same(url: str, query: Query) -> None:
    overview = found(_MADE, sentence(url, "overview", query))
    report, assistant = tiles_of(fetch(url, "/api/report", **query)["tiles"]), assistant_tiles(url, query)
    tiles = tiles_of(fetch(url, "/api/pages/tools", **query)["tiles"])
    all_equal(
        {
            "tile": tiles["calls"],
            "sentence of the overview": number(overview[2]),
            "sentence of the errors": number(found(_FAILED, sentence(url, "errors", query))[2]),
            "usage of tools": total(url, "tool-usage", "calls", query),
            "errors of tools": total(url, "tool-errors", "calls", query),
            "providers": total(url, "ai-providers", "calls", query),
            "question": asked(url, query, event="tool_executed"),
            "report": report["calls"],
            "assistant": assistant["calls"],
        }
    )
    # A tile of calling instances stands where a filter leaves only events of calls.
    active = "instances" if "instances" in tiles else "callers"
    counts = {"report": report[active], "assistant": assistant[active], "tile": tiles[active]}
    if active == "instances":
        all_equal(counts | {"question": asked(url, query, measure="instances")})
    callers = asked(url, query, measure="instances", event="tool_executed")
    all_equal({"question": callers, "sentence": number(overview[1])} | (counts if active == "callers" else {}))
    rate = total(url, "tool-errors", "errors", query) / tiles["calls"]
    all_equal({"tile": tiles["error_rate"], "report": report["error_rate"], "assistant": assistant["error_rate"]})
    assert tiles["error_rate"] == pytest.approx(rate)


def test_events_under_a_filter_name_their_population(url: str) -> None:
    query = {"tool": "query"}
    stated = sentence(url, "events", query)
    assert total(url, "events", "events", query) == number(stated.split()[0])
    assert " of instances that called query in the range, of " in stated
    assert " of instances " not in sentence(url, "events", {})


@pytest.mark.parametrize("period", ["24h", "7d", "30d"])
def test_adoption_is_of_the_last_days_instances_in_any_range(url: str, period: str) -> None:
    releases = {each["version"]: each["adoption"] for each in fetch(url, "/api/releases", range="7d")["releases"]}
    stated = re.match(r"([\d.]+) % of the last day's instances run (\S+),", sentence(url, "next", {"range": period}))
    assert stated
    assert float(stated[1]) == pytest.approx(100 * releases[stated[2]], abs=0.5)
    shown = {each["version"]: each["adoption"] for each in fetch(url, "/api/releases", range=period)["releases"]}
    assert shown[stated[2]] == releases[stated[2]]


def test_the_week_states_what_its_page_states(opened: Opener, url: str) -> None:
    week = fetch(url, "/api/week")
    use, _, instances = (re.sub(r"[`*]", "", each["text"]).replace("\u00a0", " ") for each in week["sentences"])
    calls, callers = found(re.compile(r"([\d,]+) calls this week.*came from ([\d,]+) instances"), use).groups()
    new, returned = found(re.compile(r"([\d,]+) calling instances are new, ([\d,]+) returned"), instances).groups()
    start, end = week["a"]["start"][:10], week["b"]["end"][:10]
    assert start == end, "the week before ends where the week begins"
    page = opened("/")
    page.locator("#week a").first.click()
    page.wait_for_url("**start=**")
    page.wait_for_function("() => document.documentElement.dataset.drawing === undefined")
    made = found(_MADE, answer(page))
    all_equal({"sentence": number(calls), "tile": tile(page, "calls"), "answer": number(made[2])})
    all_equal(
        {"sentence": number(callers), "answer": number(made[1]), "new and returned": number(new) + number(returned)}
    )
