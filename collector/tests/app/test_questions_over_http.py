"""`/api/ask` of a real process: a product whose only source is a catalogue file can be asked anything."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest

from collector.tests.app.http import ask, counter, post
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

CATALOGUE = """
from typing import Annotated
from footfall.catalogue import Amount, Event, ExtraProperties, Flag, Identifier, Property, Version, Vocabulary

def said(kind):
    return Property(kind, meaning="Of a backup", purpose="Try it", question="next", required=False)

class Backup(Event, frozen=True, tag="backup"):
    meaning = "A backup ended."
    trigger: Annotated[str, said(Vocabulary("trigger", ("hand", "a, b")))]
    complete: Annotated[bool, said(Flag())]
    engine: Annotated[str, said(Version())]
    step: Annotated[str, said(Identifier())]
    seconds: Annotated[float, said(Amount("seconds", 86400))]
    provider: Annotated[str, said(Vocabulary("provider", ("aws", "gcp")))]

class OfCalls(ExtraProperties, frozen=True, tag="tool_executed"):
    cached: Annotated[bool, said(Flag())]
    pages: Annotated[float, said(Amount("pages", 100))]
    events: Annotated[str, said(Identifier())]

EVENTS = (Backup, OfCalls)
"""
BACKUPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("01", {"trigger": "hand", "complete": True, "engine": "1.2.3", "step": "Copy", "seconds": 10, "provider": "aws"}),
    ("01", {"trigger": "a, b", "complete": False, "engine": "1.3.0", "seconds": 30}),
    ("02", {"trigger": "hand", "complete": True, "engine": "1.3.0", "step": "Copy", "seconds": 50}),
)
CALL = {
    "tool": "copy",
    "success": False,
    "duration_ms": 7,
    "mcp_client": "cursor-vscode",
    "cached": True,
    "pages": 3,
    "events": "Few",
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    data = tmp_path_factory.mktemp("asked") / "data"
    data.mkdir()
    (data / "own.py").write_text(CATALOGUE)
    (data / "footfall.toml").write_text('[products.own]\ncatalogue = "own.py"\n')
    key = {"key": "phc_own", "product": "own", "added": "2026-01-01T00:00:00Z"}
    (data / "keys.json").write_text(json.dumps({"keys": [key]}))
    with start_collector(data, segment_seconds=0.1) as collector:
        batch = [_event(number, *one) for number, one in enumerate(_events())]
        assert post(collector, json.dumps({"api_key": "phc_own", "batch": batch}).encode()).status == 200
        wait_for(lambda: counter(collector, "events_stored") == len(batch), "the events")
        yield collector


def _events() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for instance, k8s in (("01", "v1.29.4"), ("02", "v1.30.0")):
        yield "server_started", instance, {"k8s_version": k8s, "deployment_method": "helm"}
    for instance, properties in BACKUPS:
        yield "backup", instance, properties
    yield "tool_executed", "03", CALL


def _event(number: int, name: str, instance: str, properties: dict[str, Any]) -> dict[str, Any]:
    uuid = f"6f5b2f6e-8f0c-4a39-9d0e-{number:012d}"
    known = {"own_version": "2.0.0", "ai_provider": "openai", **properties}
    return {"event": name, "uuid": uuid, "distinct_id": f"cluster_{instance:0>16}", "properties": known}


def answer(collector: CollectorProcess, *pairs: tuple[str, str], status: int = 200, end: str = "") -> Any:
    given = ask(collector, "GET", f"/api/ask{end}?{urlencode(pairs)}")
    assert given.status == status, given.text
    return given if end else given.json


def rows(collector: CollectorProcess, *pairs: tuple[str, str]) -> list[list[Any]]:
    found: list[list[Any]] = answer(collector, *pairs)["rows"]
    return found


def test_every_property_of_an_own_event_has_its_questions_and_they_have_answers(asked: CollectorProcess) -> None:
    listed = ask(asked, "GET", "/api/charts").json["questions"]
    own = [one for one in listed if one["event"] == "backup"]
    assert [(one["property"], one["shape"]) for one in own] == [
        ("trigger", "bars"),
        ("complete", "bars"),
        ("engine", "over time"),
        ("step", "bars"),
        ("seconds", "distribution"),
        ("seconds", "over time"),
        ("provider", "bars"),
    ]
    assert [one["unit"] for one in own] == ["", "", "", "", "seconds", "seconds", ""]
    for one in own:
        given = ask(asked, "GET", one["ask"])
        assert given.status == 200, one
        assert given.json["rows"], one
        assert parse_qs(one["ask"].partition("?")[2])["product"] == ["own"]


def test_words_flags_versions_and_numbers_are_what_was_sent(asked: CollectorProcess) -> None:
    backup = ("event", "backup")
    assert rows(asked, backup, ("by", "trigger")) == [["hand", 2], ["a, b", 1]]
    assert rows(asked, backup, ("by", "complete")) == [[True, 2], [False, 1]]
    assert rows(asked, backup, ("by", "step")) == [["Copy", 2], [None, 1]]
    assert rows(asked, backup, ("by", "seconds")) == [[10.0, 1], [30.0, 1], [50.0, 1]]
    assert rows(asked, backup, ("measure", "median"), ("by", "trigger")) == [["hand", 30.0, 2], ["a, b", 30.0, 1]]
    assert rows(asked, backup, ("measure", "rate")) == [[2 / 3, 2, 3]]
    assert rows(asked, backup, ("measure", "instances"), ("by", "engine")) == [["1.3.0", 2], ["1.2.3", 1]]


def test_failed_calls_and_durations_are_meant_whatever_a_product_adds_to_calls(asked: CollectorProcess) -> None:
    """The pages and the documented questions about failed calls name no boolean."""
    calls = ("event", "tool_executed")
    for where in ((), (("where", "cached:is:true"),)):
        assert rows(asked, calls, ("measure", "rate"), *where) == [[1.0, 1, 1]]
        assert rows(asked, calls, ("measure", "median"), *where) == [[7.0, 1]]
    assert answer(asked, calls, ("measure", "rate"))["measured"] == "success"
    assert rows(asked, calls, ("measure", "rate"), ("of", "cached")) == [[1.0, 1, 1]]
    assert rows(asked, calls, ("measure", "p95"), ("of", "pages")) == [[3.0, 1]]


def test_a_condition_says_whether_it_is_about_events_or_about_instances(asked: CollectorProcess) -> None:
    backup = ("event", "backup")
    given = answer(asked, backup, ("where", r"trigger:is:a\, b"), ("where", "k8s_version:is:1.29"))
    assert given["rows"] == [[1]]
    assert given["scope"] == "backup events whose trigger is a, b of instances that ran Kubernetes 1.29 on that day"
    assert [(one["where"], one["applies_to"]) for one in given["conditions"]] == [
        (r"trigger:is:a\, b", "events"),
        ("k8s_version:is:1.29", "instances"),
    ]
    assert rows(asked, backup, ("where", "k8s_version:is_not:1.29")) == [[1]]
    assert rows(asked, backup, ("k8s_version", "1.29")) == [[2]]
    assert rows(asked, backup, ("where", "step:is:")) == [[1]]
    assert rows(asked, ("event", "server_started"), ("where", "step:is_not:Copy")) == []
    assert rows(asked, ("event", "server_started"), ("where", "complete:is:false")) == [[1]]


def test_an_applied_condition_means_the_same_when_it_is_asked_again(asked: CollectorProcess) -> None:
    sent = ["tool_executed.tool:is:query", "tool_error.tool:is_not:query", "tool:is:query", "own_version:is:2.0.0"]
    given = answer(asked, ("event", "backup"), *(("where", text) for text in sent))
    assert [one["where"] for one in given["conditions"]] == [*sent[:3], "product_version:is:2.0.0"]


def test_an_own_property_that_is_called_as_a_filter_is_the_own_one(asked: CollectorProcess) -> None:
    backup = ("event", "backup")
    assert rows(asked, backup, ("by", "provider")) == [[None, 2], ["aws", 1]]
    assert rows(asked, backup, ("where", "provider:is:aws")) == [[1]]
    assert rows(asked, backup, ("provider", "aws")) == [], "the filter is the AI provider"
    assert rows(asked, backup, ("provider", "openai")) == [[3]]
    both = answer(asked, backup, ("provider", "openai"), ("where", "provider:is:aws"))
    assert both["scope"] == "backup events whose own provider is aws and whose provider is openai"
    assert rows(asked, backup, ("by", "version")) == [["2.0.0", 3]], "no own property has this name"


def test_shares_of_instances_have_the_numbers_behind_them(asked: CollectorProcess) -> None:
    back = answer(asked, ("measure", "came_back"), ("step", "week"), ("by", "trigger"))
    assert back["columns"] == ["week", "trigger", "came_back", "returned", "instances"]
    kept = answer(asked, ("measure", "retention"), ("event", "backup"), ("by", "trigger"))
    assert kept["columns"] == ["week", "trigger", "weeks_later", "retention", "returned", "instances"]
    assert kept["step"] == "week"
    assert kept["rows"] == [], "the week of the first events is not over"


def test_an_answer_is_a_file_too(asked: CollectorProcess) -> None:
    given = answer(asked, ("event", "backup"), ("by", "trigger"), end=".csv")
    assert list(csv.reader(io.StringIO(given.text))) == [["trigger", "events"], ["hand", "2"], ["a, b", "1"]]
    assert answer(asked, ("event", "backup"), end=".parquet").body[:4] == b"PAR1"


def test_a_property_that_is_called_as_a_column_of_answers_has_its_event_before_its_name(
    asked: CollectorProcess,
) -> None:
    calls = (("event", "tool_executed"), ("by", "events"))
    assert answer(asked, *calls)["columns"] == ["tool_executed.events", "events"]
    assert rows(asked, ("event", "tool_executed"), ("by", "tool_executed.events")) == [["Few", 1]]
    assert answer(asked, *calls, end=".parquet").body[:4] == b"PAR1"


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        ([("measure", "sum")], "measure must be"),
        ([("event", "no such")], "There is no such event; own has tool_executed"),
        ([("by", "nothing")], "There is no such property; own has product_version"),
        ([("measure", "rate")], "rate needs event."),
        ([("measure", "median"), ("event", "tool_error")], "tool_error has no number"),
        ([("measure", "share")], "A share needs by"),
        ([("by", "seconds")], "by: seconds is a number"),
        ([("where", "complete:is:yes")], "where: complete is true or false"),
        ([("measure", "retention"), ("step", "day")], "retention is by the week"),
        ([("measure", "came_back"), ("by", "seconds")], "by: seconds is a number"),
        ([("step", "hour")], "step=hour needs a range of up to 48 hours"),
        ([("step", "minute")], "step=minute needs a range of up to 48 hours"),
        ([("step", "month")], "step must be minute, hour, day or week"),
        ([("of", "seconds")], "of is for rate"),
        ([("where", "trigger=hand")], "where is not of the form"),
        ([("where", "colour:is:red")], "where: There is no such property"),
        ([("where", "seconds:is:10")], "where: seconds is a number"),
        ([("where", "trigger:is:hand\\")], "where ends with a single backslash"),
        ([("where", f"trigger:is:{','.join(map(str, range(51)))}")], "51 values; at most 50"),
        ([("where", f"trigger:is:{'x' * 201}")], "longer than 200 characters"),
        ([("where", f"trigger:is:{n}") for n in range(9)], "9 conditions; at most 8"),
        ([("range", "forever")], "range must be"),
        ([("colour", "red")], "There is no such filter"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_question_that_makes_no_sense_is_refused_with_a_sentence(
    asked: CollectorProcess, pairs: list[tuple[str, str]], sentence: str
) -> None:
    assert sentence in answer(asked, *pairs, status=400)["error"]


@pytest.mark.parametrize(
    "path", ["options", "annotations", "pages/health", "pages/overview", "releases", "week", "charts/events"]
)
def test_a_condition_that_makes_no_sense_is_refused_by_every_answer_with_filters(
    asked: CollectorProcess, path: str
) -> None:
    for condition in ("trigger=hand", "colour:is:red"):
        refused = ask(asked, "GET", f"/api/{path}?{urlencode({'where': condition})}")
        assert refused.status == 400, refused.text
        assert "where" in refused.json["error"]


def test_no_value_is_read_as_sql(asked: CollectorProcess) -> None:
    for text in ("'; DROP TABLE x; --", "') OR 1=1 --", "$product", "{relation}", "\x00", "\U0001f600", "%"):
        escaped = text.replace("\\", r"\\").replace(",", r"\,")
        for name in ("trigger", "k8s_version", "error_type", "product_version"):
            assert rows(asked, ("event", "backup"), ("where", f"{name}:is:{escaped}")) == []
            assert rows(asked, ("event", "backup"), ("where", f"{name}:is_not:{escaped}")) == [[3]]


def test_every_chart_page_and_report_obeys_a_condition_on_any_property(asked: CollectorProcess) -> None:
    def count(column: str, name: str, *pairs: tuple[str, str]) -> int:
        given = ask(asked, "GET", f"/api/charts/{name}?{urlencode(pairs)}").json
        return sum(row[given["columns"].index(column)] for row in given["rows"])

    old, copied = ("where", "k8s_version:is:1.29"), ("where", "backup.step:is:Copy")
    assert (count("events", "events"), count("events", "events", old)) == (6, 3)
    assert count("events", "events", ("k8s_version", "1.29")) == 3
    assert count("events", "events", ("where", "complete:is:false")) == 3
    assert count("starts", "kubernetes-versions", ("where", "step:is_not:Copy")) == 0
    assert count("starts", "kubernetes-versions", copied) == 2
    assert count("daily", "active-instances", old, copied) == 1
    for path in ("charts/events", "pages/overview", "releases", "report", "charts/activation"):
        given = ask(asked, "GET", f"/api/{path}?{urlencode([('where', 'colour:is:red')])}")
        assert (given.status, "There is no such property" in given.json["error"]) == (400, True), path
    head = ask(asked, "GET", f"/api/pages/overview?{urlencode([old])}").json
    selected = "of instances that ran Kubernetes 1.29 on that day"
    assert head["scope"] == f"calls {selected}; events {selected}"
    assert (head["not_applied"], [tile["value"] for tile in head["tiles"]][1]) == ([], 1)


def test_the_sentence_of_a_page_counts_what_its_tiles_count(tmp_path: Path) -> None:
    """An instance that called the tool that is left out has no event of any name, and still its other calls."""
    properties = {"dot_ai_version": "2.0.0", "mcp_client": "claude-code", "duration_ms": 20, "success": True}
    tools = [("tool_executed", {"tool": tool, **properties}) for tool in ("query", "query", "recommend")]
    batch = [_event(number, name, "01", sent) for number, (name, sent) in enumerate(tools)]
    with start_collector(tmp_path / "data", segment_seconds=0.1) as collector:
        assert post(collector, json.dumps({"api_key": "phc_mine", "batch": batch}).encode()).status == 200
        wait_for(lambda: counter(collector, "events_stored") == len(batch), "the calls")
        for path in ("pages/overview", "pages/tools", "things/mcp_client?thing=claude-code"):
            where = ("&" if "?" in path else "?") + "where=tool:is_not:query"
            head = ask(collector, "GET", f"/api/{path}{where}").json
            assert head["tiles"][0]["value"] == 1, path
            assert "**1 instance** made **1 " in head["answer"] or "`recommend` is " in head["answer"], head["answer"]


def test_a_chart_that_compares_versions_says_that_it_is_not_filtered_by_one(asked: CollectorProcess) -> None:
    given = ask(asked, "GET", "/api/charts/release-adoption?version=2.0.0").json
    assert (given["not_applied"], given["scope"]) == (["version"], "events; not filtered by version")
    assert ask(asked, "GET", "/api/releases?where=product_version:is_not:1.0.0").json["not_applied"] == ["version"]
