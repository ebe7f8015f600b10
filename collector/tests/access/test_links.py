"""A read-only link shows one page under fixed conditions, until its end; who signs in makes, sees and revokes it."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

import pytest

from collector.tests.access.test_commands import output
from collector.tests.access.test_sign_in import SECRET, sign_in
from collector.tests.access.test_token_scopes import OTHER, added
from collector.tests.app.http import Answer, ask, holds, post
from collector.tests.app.test_start import run
from collector.tests.receive.shapes import TOKEN, event
from footfall_collector.access.links import LinksError, ReadLinks
from footfall_collector.alerts.alert_file import AlertFile, AlertsContent, Incident
from footfall_collector.answer import CALLS_EVENT
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

SIGNED_IN = {"Authorization": f"Bearer {SECRET}"}
CONDITIONS = "product=dot-ai&range=7d&provider=anthropic"
ENDED = "There is no such link: it has ended, was revoked, or is incomplete. Ask for a new one."


def call(tool: str, provider: str) -> dict[str, Any]:
    properties = {"tool": tool, "ai_provider": provider, "success": True, "duration_ms": 340, "is_internal": False}
    return event(CALLS_EVENT) | {"properties": event()["properties"] | properties}


def open_incident() -> Incident:
    now = time.time()
    sentence = "Half of all calls failed."
    return Incident("error-rate-dot-ai-1-0", "error-rate", "dot-ai", "", sentence, {}, now - 60, now, None, now + 60)


@contextmanager
def gated_collector(data: Path) -> Iterator[CollectorProcess]:
    """A collector of two products behind a sign-in, with three calls of one and an open incident."""
    data.mkdir()
    (data / "footfall.toml").write_text(f"[products.dot-ai]\n[products.{OTHER}]\n")
    AlertFile(data).write(AlertsContent(incidents=[open_incident()]))
    with start_collector(data, {"FOOTFALL_SIGN_IN_SECRET": SECRET}, segment_seconds=0.1) as started:
        output("keys", "add", TOKEN, "--product", "dot-ai", data=data)
        calls = [call("query", "anthropic"), call("query", "openai"), call("recommend", "openai")]
        assert post(started, json.dumps({"api_key": TOKEN, "batch": calls}).encode()).status == 200
        path = "/api/charts/tool-usage?product=dot-ai"
        wait_for(lambda: len(ask(started, "GET", path, headers=SIGNED_IN).json["rows"]) == 2, "the calls")
        yield started


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    with gated_collector(tmp_path_factory.mktemp("gated") / "data") as started:
        yield started


def make(collector: CollectorProcess, headers: dict[str, str] = SIGNED_IN, **fields: Any) -> Answer:
    body = json.dumps({"page": "tools", "query": CONDITIONS} | fields).encode()
    return ask(collector, "POST", "/api/links", body, {"Content-Type": "application/json"} | headers)


def made(collector: CollectorProcess, **fields: Any) -> str:
    """The path of a new link."""
    answer = make(collector, **fields)
    assert answer.status == 201, answer.text
    return str(answer.json["path"])


def test_a_link_shows_its_page_and_what_that_asks_for_under_its_conditions(gated: CollectorProcess) -> None:
    path = made(gated)
    page = ask(gated, "GET", path)
    assert page.status == 200
    assert 'data-name="tools"' in page.text
    assert f'data-root="{path}"' in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    for question in ("", f"?{CONDITIONS}"):
        chart = ask(gated, "GET", f"{path}/api/charts/tool-usage{question}").json
        assert [row[:2] for row in chart["rows"]] == [["query", 1]], "the calls of another provider are left out"
    assert "1" in ask(gated, "GET", f"{path}/api/pages/tools").json["answer"]
    assert ask(gated, "GET", f"{path}/api/charts/tool-usage.csv").text.count("\n") == 2
    assert ask(gated, "GET", f"{path}/api/pulse").status == 200


def test_alerts_are_shown_to_who_signs_in_and_not_by_a_link_whoever_asks_first(gated: CollectorProcess) -> None:
    path = f"/api/pages/tools?{CONDITIONS}"
    for _ in range(2):
        assert ask(gated, "GET", f"{shared_path(gated)}{path}").json["alerts"] == []
        alerts = ask(gated, "GET", path, headers=SIGNED_IN).json["alerts"]
        assert [each["text"] for each in alerts] == ["Half of all calls failed."]


@pytest.mark.parametrize(
    "asked",
    [
        "provider=openai",
        "provider=",
        "provider=anthropic&provider=openai",
        "%70rovider=openai",
        "product=other-product",
        "range=365d",
        "start=2020-01-01",
        "internal=all",
        "segment=mine",
        "where=tool:is:query",
        "tool=query",
        "unknown=1",
    ],
)
def test_no_parameter_changes_the_conditions(gated: CollectorProcess, asked: str) -> None:
    path = shared_path(gated)
    for query in (asked, f"{CONDITIONS}&{asked}"):
        answer = ask(gated, "GET", f"{path}/api/charts/tool-usage?{query}")
        assert answer.status == 403, answer.text
        assert answer.json["error"] == "This link shows one page; its filters and its period are fixed."


_shared: dict[int, str] = {}


def shared_path(gated: CollectorProcess) -> str:
    """The path of one link for all tests that only read."""
    if gated.port not in _shared:
        _shared[gated.port] = made(gated)
    return _shared[gated.port]


def test_nothing_but_the_answers_of_the_page_is_read(gated: CollectorProcess) -> None:
    path = shared_path(gated)
    for other in (
        "/api/charts/ai-providers",
        "/api/charts",
        "/api/pages/errors",
        "/api/pages/health",
        "/api/ask?measure=events&by=mcp_client",
        "/api/options",
        "/api/segments",
        "/api/annotations",
        "/api/keys",
        "/api/links",
        "/api/health",
        "/api/report",
        "/api/week",
        "/api/releases",
        "/api/openapi.json",
        "/api//charts/tool-usage",
        "/api/charts/tool-usage/",
        "/api/charts/../report",
        "/things/tool/query",
        "/errors",
        "/access",
        "/metrics",
        "/mcp",
        "/sign-in",
        "/shared/x",
    ):
        assert (other, ask(gated, "GET", path + other).status) == (other, 403)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for each in (path, f"{path}/api/charts/tool-usage", f"{path}/access", f"{path}/mcp"):
            assert ask(gated, method, each, b"{}").status == 405
    secret = path.rpartition("/")[2]
    for headers in ({"Authorization": f"Bearer {secret}"}, {"Cookie": f"footfall_session={secret}"}):
        assert ask(gated, "GET", "/api/charts", headers=headers).status == 401, "it is no token and no session"


def test_a_fixed_period_stays_and_a_named_one_moves(gated: CollectorProcess) -> None:
    fixed = make(gated, query="product=dot-ai&range=custom&start=2026-01-01&end=2026-01-31&chart=rate&tables=x").json
    assert parse_qs(fixed["query"]) == {
        "product": ["dot-ai"],
        "range": ["custom"],
        "start": ["2026-01-01"],
        "end": ["2026-01-31"],
    }
    moving = make(gated, query="product=dot-ai").json
    assert parse_qs(moving["query"]) == {"product": ["dot-ai"], "range": ["30d"]}
    assert ask(gated, "GET", f"{fixed['path']}/api/charts/tool-usage").json["rows"] == []
    assert len(ask(gated, "GET", f"{moving['path']}/api/charts/tool-usage").json["rows"]) == 2


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"page": "access"},
            "A link shows one of the pages overview, tools, errors, clients, next, events, health, or",
        ),
        ({"page": "things/colour/red"}, "A link shows one of the pages"),
        ({"page": "things/tool/"}, "A link shows one of the pages"),
        ({"days": 0}, "A link ends after 1 to 365 days."),
        ({"days": 366}, "A link ends after 1 to 365 days."),
        ({"query": ""}, "This collector has several products; add product= with one of dot-ai, other-product."),
        ({"query": "product=nobodys"}, "There is no such product; known are dot-ai, other-product."),
        ({"query": "product=dot-ai&range=1y"}, "range must be"),
        ({"query": "product=dot-ai&where=nothing:is:x"}, "where: There is no such property"),
        ({"name": "a b"}, "A link's name is 1 to 64 letters"),
        ({"unknown": "1"}, "The body can't be used"),
    ],
    ids=["page", "kind", "nothing", "no days", "days", "no product", "product", "range", "where", "name", "field"],
)
def test_a_link_that_can_not_be_made_says_why(gated: CollectorProcess, fields: dict[str, Any], problem: str) -> None:
    answer = make(gated, **fields)
    assert answer.status == 400
    assert answer.json["error"].lower().startswith(problem.lower()), answer.text


def test_only_who_signs_in_on_a_page_of_the_collector_makes_links(gated: CollectorProcess) -> None:
    for scope in ("read", "ingest-admin"):
        token = added(gated, f"links-{scope}", "--scope", scope)
        assert make(gated, {"Authorization": f"Bearer {token}"}).status == 403
    assert make(gated, {}).status == 401
    cookie = sign_in(gated, SECRET).headers["set-cookie"].split(";")[0]
    assert make(gated, {"Cookie": cookie, "Origin": "https://evil.example.org"}).status == 403
    assert make(gated, SIGNED_IN | {"Origin": "https://evil.example.org"}).status == 403
    assert make(gated, SIGNED_IN | {"Content-Type": "text/plain"}).status == 415
    assert make(gated, {"Cookie": cookie, "Origin": f"http://127.0.0.1:{gated.port}"}).status == 201
    assert ask(gated, "PATCH", "/api/links", b"{}", SIGNED_IN).status == 405
    assert ask(gated, "GET", "/api/links").status == 401


def test_who_signs_in_sees_and_revokes_links_and_the_log_has_both(gated: CollectorProcess) -> None:
    path = made(gated, name="for-the-board", query="product=dot-ai&tool=query", days=30)
    cookie = sign_in(gated, SECRET).headers["set-cookie"].split(";")[0]
    text = ask(gated, "GET", "/access", headers={"Cookie": cookie}).text
    assert (
        '<th scope="row">for-the-board</th><td data-label="Page">tools</td>'
        '<td class="conditions" data-label="Conditions">product=dot-ai&amp;range=30d&amp;tool=query</td>' in text
    )
    assert '<td data-label="Who">signed in</td><td data-label="What">links add name for-the-board days 30</td>' in text
    form = urlencode({"revoke_link": "for-the-board"}).encode()
    headers = {"Cookie": cookie, "Origin": f"http://127.0.0.1:{gated.port}"}
    assert ask(gated, "GET", path).status == 200
    assert ask(gated, "POST", "/access", form, headers).status == 303
    gone = ask(gated, "GET", path)
    assert (gone.status, gone.text) == (404, ENDED + "\n")
    assert ask(gated, "GET", f"{path}/api/charts/tool-usage").json == {"error": ENDED}
    assert ask(gated, "POST", "/access", form, headers).status == 404
    text = ask(gated, "GET", "/access", headers={"Cookie": cookie}).text
    assert '<td data-label="Who">signed in</td><td data-label="What">links revoke name for-the-board</td>' in text
    secret = path.rpartition("/")[2]
    assert holds(gated.data_dir, secret) == []
    for unknown in ("", secret[:-1], "ffl_", quote("ffl_" + "ü" * 20), "x" * 500):
        assert ask(gated, "GET", f"/shared/{unknown}").status == 404


def test_links_are_listed_and_revoked_over_http(gated: CollectorProcess) -> None:
    path = made(gated, name="listed")
    listed = {link["name"]: link for link in ask(gated, "GET", "/api/links", headers=SIGNED_IN).json["links"]}
    assert (listed["listed"]["page"], listed["listed"]["query"], listed["listed"]["ended"]) == (
        "tools",
        CONDITIONS,
        False,
    )
    assert "sha256" not in listed["listed"]
    assert ask(gated, "DELETE", "/api/links?name=listed", headers=SIGNED_IN).status == 204
    assert ask(gated, "DELETE", "/api/links?name=listed", headers=SIGNED_IN).status == 404
    assert ask(gated, "GET", path).status == 404


def test_a_link_ends_at_its_end_and_the_list_has_a_limit(tmp_path: Path) -> None:
    now = [1_800_000_000.0]
    links = ReadLinks(tmp_path, now=lambda: now[0])
    secret, _ = links.add("a", "dot-ai", "tools", "product=dot-ai", days=2)
    now[0] += 2 * 86_400 - 1
    assert links.find(secret) is not None
    now[0] += 1
    assert links.find(secret) is None
    with pytest.raises(LinksError, match="there is a link of this name"):
        links.add("a", "dot-ai", "tools", "product=dot-ai")


def test_links_are_managed_by_command_with_a_collector_and_without(tmp_path: Path) -> None:
    query = "range=90d&tool=query"
    line = output("links", "add", "--page", "tools", "--query", query, "--days", "30", "support", data=tmp_path)
    match = re.fullmatch(r"(/shared/ffl_[\w-]{43})  ends 20\S+Z\n", line)
    assert match
    with start_collector(tmp_path) as running:
        assert ask(running, "GET", match[1]).status == 200, "it is on disk"
        listed = output("links", "list", data=tmp_path)
        assert "support  shows tools  product=dot-ai&range=90d&tool=query  added 20" in listed
        unknown = run("links", "add", "--data", str(tmp_path), "--page", "access", "x")
        assert (unknown.returncode, "a link shows one of the pages" in unknown.stderr) == (1, True)
        assert make(running, {}, query="").status == 201, "on loopback without a secret, whoever reads"
        assert output("links", "revoke", "support", data=tmp_path) == "support  is refused from now on\n"
        assert ask(running, "GET", match[1]).status == 404
    assert "support" not in output("links", "list", data=tmp_path)
    again = run("links", "revoke", "--data", str(tmp_path), "support")
    assert (again.returncode, "there is no link of this name" in again.stderr) == (1, True)
    assert (tmp_path / "links.json").stat().st_mode & 0o777 == 0o600
