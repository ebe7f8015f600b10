"""Saved segments of a real process: every answer takes one by its name, and who may change them changes them."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from collector.tests.access.test_commands import output
from collector.tests.access.test_sign_in import SECRET, sign_in
from collector.tests.app.http import Answer, ask
from collector.tests.app.test_start import run
from tests.dashboard.feeding import feed
from tests.oracle.fleet import Fleet
from tests.oracle.world import HOUR
from tests.support.collector_process import CollectorProcess, start_collector

JSON = {"Content-Type": "application/json"}
BEARER = {"Authorization": f"Bearer {SECRET}"}
CURSOR = ("where", "mcp_client:is:cursor-vscode")
ZED = ("where", "mcp_client:is:claude-code")
DAYS = ("range", "7d")
OLD = ("where", "k8s_version:is:1.34,1.32")


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    data = tmp_path_factory.mktemp("saved") / "data"
    fleet = Fleet(instances=20, days=12, seed=3, end=int(time.time()) // HOUR * HOUR)
    with start_collector(data, segment_seconds=0.1) as filled:
        feed(filled.url, fleet)
    with start_collector(data, {"FOOTFALL_SIGN_IN_SECRET": SECRET}) as started:
        for name, where in (("cursor", CURSOR), ("zed", ZED), ("old", OLD)):
            assert change(started, "POST", {"name": name, "where": [where[1]]}).status == 200
        yield started


def change(
    collector: CollectorProcess, method: str, body: Any = None, headers: dict[str, str] = BEARER, **query: str
) -> Answer:
    path = f"/api/segments?{urlencode(query)}"
    return ask(collector, method, path, b"" if body is None else json.dumps(body).encode(), JSON | headers)


def get(collector: CollectorProcess, path: str, *pairs: tuple[str, str]) -> Answer:
    return ask(collector, "GET", f"{path}?{urlencode(pairs)}", headers=BEARER)


def names(collector: CollectorProcess) -> list[str]:
    return [each["name"] for each in get(collector, "/api/segments").json["segments"]]


def plain(answer: Answer) -> Any:
    """An answer without the time at which it was made, which a report ends at."""
    return {name: value for name, value in answer.json.items() if name not in ("generated_at", "end")}


PATHS = (
    "/api/ask",
    "/api/pages/overview",
    "/api/pages/errors",
    "/api/releases",
    "/api/report",
    "/api/compare",
    "/api/explain",
    "/api/week",
)


def test_every_answer_takes_a_segment_by_its_name(collector: CollectorProcess) -> None:
    charts = [f"/api/charts/{each['id']}" for each in get(collector, "/api/charts").json["charts"]]
    assert len(charts) > 14
    for path in (*charts, *PATHS):
        named, inline, all_ = (get(collector, path, *pairs, DAYS) for pairs in ([("segment", "old")], [OLD], []))
        assert (named.status, inline.status) == (200, 200), (path, named.text)
        assert plain(named) == plain(inline), path
        assert plain(named) != plain(all_), f"{path} ignores a segment"
        if path in PATHS:
            both = get(collector, path, ("segment", "old"), CURSOR, DAYS)
            assert plain(both) == plain(get(collector, path, OLD, CURSOR, DAYS)), path


def test_an_unknown_name_is_refused_everywhere_with_the_names_that_there_are(collector: CollectorProcess) -> None:
    for path in ("/api/charts/tool-usage", "/api/charts/tool-usage.csv", "/api/options", *PATHS):
        answer = get(collector, path, ("segment", "nobody's"))
        assert (path, answer.status) == (path, 400)
        assert answer.json["error"] == "There is no saved segment of this name; dot-ai has cursor, old, zed."
    for side in ("a", "b"):
        pairs = {"a": "cursor", "b": "zed"} | {side: "x"}
        assert "dot-ai has cursor, old, zed" in get(collector, "/api/compare", *pairs.items()).json["error"]


@pytest.mark.parametrize("path", ["/api/compare", "/api/explain"])
def test_two_segments_are_compared_by_their_names(collector: CollectorProcess, path: str) -> None:
    named = get(collector, path, ("a", "cursor"), ("b", "zed"), ("segment", "old"))
    assert named.status == 200, named.text
    assert plain(named) == plain(get(collector, path, ("a", CURSOR[1]), ("b", ZED[1]), OLD))
    mixed = get(collector, path, ("a", "cursor"), ("a", OLD[1]), ("b", ZED[1]))
    assert plain(mixed) == plain(get(collector, path, ("a", CURSOR[1]), ("a", OLD[1]), ("b", ZED[1])))


def test_the_sentences_of_a_week_lead_to_its_segment(collector: CollectorProcess) -> None:
    sentences = get(collector, "/api/week", ("segment", "cursor"), ("provider", "anthropic")).json["sentences"]
    for sentence in sentences:
        assert "where=mcp_client%3Ais%3Acursor-vscode" in sentence["ask"]
        assert "provider=anthropic" in sentence["ask"]
        assert ask(collector, "GET", sentence["ask"], headers=BEARER).status == 200


def test_an_answer_follows_a_segment_that_changes(collector: CollectorProcess) -> None:
    assert change(collector, "POST", {"name": "moving", "where": [CURSOR[1]]}).status == 200
    usage = "/api/charts/tool-usage"
    assert plain(get(collector, usage, ("segment", "moving"))) == plain(get(collector, usage, CURSOR))
    refused = change(collector, "POST", {"name": "moving", "where": [OLD[1]]})
    assert refused.status == 409
    assert change(collector, "POST", {"name": "moving", "where": [OLD[1]], "replace": True}).status == 200
    assert plain(get(collector, usage, ("segment", "moving"))) == plain(get(collector, usage, OLD))
    assert change(collector, "PATCH", {"name": "moved"}, name="moving").json["name"] == "moved"
    assert get(collector, usage, ("segment", "moving")).status == 400
    assert get(collector, usage, ("segment", "moved")).status == 200
    assert change(collector, "PATCH", {"name": "zed"}, name="moved").status == 409
    assert change(collector, "DELETE", name="moved").status == 200
    assert change(collector, "DELETE", name="moved").status == 404
    assert names(collector) == ["cursor", "old", "zed"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"name": "a:b", "where": [CURSOR[1]]}, "1 to 64 letters"),
        ({"name": "a", "where": ["colour:is:red"]}, "There is no such property"),
        ({"name": "a", "where": ["duration_ms:is:10"]}, "is a number"),
        ({"name": "a", "where": ["tool=query"]}, "not of the form"),
        ({"name": "a", "where": [CURSOR[1]], "view": {"version": "1.0.0"}}, "version is a condition"),
        ({"name": "a", "where": [f"tool:is:{n}" for n in range(9)]}, "at most 8"),
        ({"name": "a", "colour": 1}, "colour"),
        ({"where": []}, "name"),
        ([], "object"),
    ],
    ids=["name", "property", "number", "form", "view", "many", "field", "nameless", "list"],
)
def test_what_can_not_be_saved_is_refused_with_a_sentence(
    collector: CollectorProcess, body: Any, sentence: str
) -> None:
    refused = change(collector, "POST", body)
    assert refused.status == 400
    assert sentence in refused.json["error"]
    assert names(collector) == ["cursor", "old", "zed"]


def test_a_body_of_another_type_or_too_large_is_refused(collector: CollectorProcess) -> None:
    body = json.dumps({"name": "a", "where": [CURSOR[1]]}).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        headers = BEARER | ({"Content-Type": kind} if kind else {})
        assert ask(collector, "POST", "/api/segments", body, headers).status == 415
    large = json.dumps({"name": "a", "where": ["tool:is:" + "a" * 20_000]}).encode()
    assert ask(collector, "POST", "/api/segments", large, JSON | BEARER).status == 413
    assert ask(collector, "POST", "/api/segments", b"{", JSON | BEARER).status == 400
    assert ask(collector, "PUT", "/api/segments", body, JSON | BEARER).status == 405
    assert change(collector, "DELETE").status == 400
    assert change(collector, "DELETE", name="cursor", colour="red").status == 400
    assert names(collector) == ["cursor", "old", "zed"]


def test_tokens_list_and_only_who_signs_in_on_our_page_changes(collector: CollectorProcess) -> None:
    body = {"name": "forged", "where": [CURSOR[1]]}
    token = output("tokens", "add", "lists", data=collector.data_dir).strip()
    bearer = {"Authorization": f"Bearer {token}"}
    assert change(collector, "GET", headers=bearer).status == 200
    for method in ("POST", "PATCH", "DELETE"):
        refused = change(collector, method, body, bearer, name="cursor")
        assert (refused.status, "A token can't change saved segments" in refused.text) == (403, True)
    assert change(collector, "GET", headers={}).status == 401
    assert change(collector, "POST", body, {}).status == 401
    cookie = {"Cookie": sign_in(collector, SECRET).headers["set-cookie"].split(";")[0]}
    own = {"Origin": f"http://127.0.0.1:{collector.port}"}
    for foreign in ({}, {"Origin": "https://evil.example.org"}, own | {"Sec-Fetch-Site": "cross-site"}):
        assert change(collector, "POST", body, cookie | foreign).status == 403
        assert change(collector, "DELETE", None, cookie | foreign, name="cursor").status == 403
    assert names(collector) == ["cursor", "old", "zed"]
    assert change(collector, "POST", body, cookie | own).status == 200
    assert change(collector, "DELETE", None, cookie | own, name="forged").status == 200
    page = ask(collector, "GET", "/access", headers=BEARER).text
    assert "segments save name forged" in page
    assert "segments delete name forged" in page


def test_the_command_line_lists_saves_renames_and_deletes_with_and_without_a_collector(
    collector: CollectorProcess,
) -> None:
    data = collector.data_dir
    saved = output("segments", "save", "from the shell", "--where", CURSOR[1], "--where", OLD[1], data=data)
    assert saved == "from the shell  is saved\n"
    assert "from the shell" in names(collector)
    listed = output("segments", "list", data=data).splitlines()
    assert listed[1] == f"from the shell  dot-ai  {CURSOR[1]}  {OLD[1]}"
    again = run("segments", "save", "--data", str(data), "from the shell", "--where", CURSOR[1])
    assert (again.returncode, "has a saved segment of this name" in again.stderr) == (1, True)
    report = output("report", "--range=30d", "--segment", "from the shell", "--format", "markdown", data=data)
    assert "calls" in report.lower()
    unknown = run("report", "--data", str(data), "--segment", "x")
    assert (unknown.returncode, "dot-ai has cursor, from the shell, old, zed" in unknown.stderr) == (1, True)
    output("segments", "rename", "from the shell", "shell", data=data)
    output("segments", "delete", "shell", data=data)
    assert names(collector) == ["cursor", "old", "zed"]


def test_without_a_sign_in_a_page_of_another_site_changes_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    data = tmp_path_factory.mktemp("open") / "data"
    assert output("segments", "save", "mine", "--where", CURSOR[1], data=data) == "mine  is saved\n"
    unknown = run("report", "--data", str(data), "--segment", "x")
    with start_collector(data) as started:
        evil = {"Origin": "https://evil.example.org"}
        for method in ("POST", "PATCH", "DELETE"):
            assert change(started, method, {"name": "a", "where": []}, evil, name="mine").status == 403
        assert change(started, "GET", headers={}).json["segments"][0]["name"] == "mine"
        assert change(started, "POST", {"name": "kept", "where": [], "view": {"range": "7d"}}, {}).status == 200
        started.kill()
    with start_collector(data) as again:
        assert [each["name"] for each in change(again, "GET", headers={}).json["segments"]] == ["kept", "mine"]
        assert ask(again, "GET", "/api/compare?a=kept&b=mine").json["error"].startswith("A saved view without")
    assert unknown.returncode == 1
