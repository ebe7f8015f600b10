"""What is left to readers: of the public page, and of the dashboard."""

import json
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pytest

from collector.tests.access.test_token_scopes import added
from collector.tests.app.http import Answer, ask, post
from footfall_collector.admit.instance_hash import instance_of
from footfall_collector.admit.pepper import load_pepper
from footfall_collector.show.mcp.endpoint import MAX_SESSIONS
from footfall_collector.show.pages import PAGES
from tests.attacks.parties.claims import Party, at_most
from tests.attacks.parties.fleet import INSTANCES, RARE, SIGNED_IN, call, reading_paths
from tests.support.collector_process import CollectorProcess, start_collector

MCP = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


@at_most(Party.READER, "signed in: counts and percentiles under any filters, down to a group of one, and never an ID")
def test_no_answer_has_an_instance_id(guarded: CollectorProcess) -> None:
    """An answer, a file or a page has an instance ID, as it was sent or as it is stored."""
    pepper = load_pepper(guarded.data_dir)
    ids = [*INSTANCES, *(instance_of(pepper, "dot-ai", instance)[0] for instance in INSTANCES)]
    for path in reading_paths():
        answer = ask(guarded, "GET", path, headers=SIGNED_IN)
        text = _text(answer.body) if path.endswith(".parquet") else answer.text
        assert not [one for one in ids if one in text], path
    rare = ask(guarded, "GET", "/api/charts/tool-usage?provider=xai&version=2.9.0", headers=SIGNED_IN).json
    assert rare["rows"] == [["recommend", 1, 1, 1.0]], "an instance that stands out can be singled out, without its ID"


def _text(parquet: bytes) -> str:
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file, duckdb.connect() as connection:
        Path(file.name).write_bytes(parquet)
        return str(connection.read_parquet(file.name).fetchall())


CHANGED_OVER_HTTP = ("/api/segments", "/api/annotations", "/api/keys", "/api/links")
"""What whoever signs in may change, each change in the audit log."""


@at_most(
    Party.READER,
    "with the sign-in secret: read, and change segments, annotations, write keys and links; no event and no setting",
)
def test_a_reader_changes_no_event(guarded: CollectorProcess) -> None:
    """A request with the sign-in secret deletes or changes events, or sends events with it."""
    before = ask(guarded, "GET", "/api/charts/events", headers=SIGNED_IN).json["rows"]
    for path in reading_paths():
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            if path not in ("/mcp", *CHANGED_OVER_HTTP):
                assert ask(guarded, method, path, b"{}", SIGNED_IN).status in (401, 404, 405), (method, path)
    tools = _mcp(guarded, "tools/list", {})["tools"]
    assert all(tool["annotations"]["readOnlyHint"] for tool in tools)
    secret = SIGNED_IN["Authorization"].removeprefix("Bearer ")
    body = json.dumps({"api_key": secret, "batch": [call(RARE)]}).encode()
    assert post(guarded, body).status == 401, "the secret is no write key"
    assert ask(guarded, "GET", "/api/charts/events", headers=SIGNED_IN).json["rows"] == before


@at_most(Party.READER, "begin sessions of `/mcp` without end: those that were used longest ago end")
def test_a_client_that_ends_no_session_keeps_nobody_out_of_mcp(guarded: CollectorProcess) -> None:
    """A hundred sessions that nobody ends keep every other assistant out for half an hour."""
    began = [_initialize(guarded) for _ in range(MAX_SESSIONS + 5)]
    assert {answer.status for answer in began} == {200}
    ping = json.dumps({"jsonrpc": "2.0", "id": 2, "method": "ping"}).encode()

    def status(answer: Answer) -> int:
        session = {"Mcp-Session-Id": answer.headers["mcp-session-id"]}
        return ask(guarded, "POST", "/mcp", ping, SIGNED_IN | MCP | session).status

    assert [status(answer) for answer in (began[0], began[5], began[-1])] == [404, 200, 200]
    assert _initialize(guarded).status == 200
    assert [status(answer) for answer in (began[5], began[6], began[-1])] == [200, 404, 200], "begun, or used since"


def _initialize(collector: CollectorProcess) -> Answer:
    parameters = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": parameters}).encode()
    return ask(collector, "POST", "/mcp", body, SIGNED_IN | MCP)


@at_most(Party.READER, "with a token that reads: change nothing")
def test_a_token_that_reads_changes_nothing(guarded: CollectorProcess) -> None:
    """A token that was given away for reading saves a segment, writes an annotation or adds a key."""
    token = added(guarded, "given-away")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps({"name": "mine", "where": ["mcp_client:is:cursor"], "text": "mine"}).encode()
    for path in CHANGED_OVER_HTTP:
        for method in ("POST", "PATCH", "DELETE"):
            assert ask(guarded, method, path, body, headers).status == 403, (method, path)
    assert ask(guarded, "GET", "/api/segments", headers=headers).json["segments"] == []
    assert ask(guarded, "GET", "/api/annotations", headers=headers).json["annotations"] == []


@at_most(
    Party.READER,
    "with a read-only link: the answers of one page of one product under the link's filters and period, until its end",
)
def test_a_read_only_link_reads_its_page_and_nothing_else(guarded: CollectorProcess) -> None:
    """Who has a link reads another page, other filters, tokens, `/mcp` or metrics, or changes something."""
    headers = SIGNED_IN | {"Content-Type": "application/json"}
    body = json.dumps({"page": "tools", "query": "provider=anthropic", "name": "given-away"}).encode()
    path = ask(guarded, "POST", "/api/links", body, headers).json["path"]
    expected = {f"/api/charts/{panel.chart}" for page in PAGES if page.name == "tools" for panel in page.panels}
    files = {f"{chart}.{extension}" for chart in expected for extension in ("csv", "parquet")}
    answered = {each for each in reading_paths() if ask(guarded, "GET", path + each).status == 200}
    # The last slash is the link's page.
    assert answered == {*expected, *files, "/api/pages/tools", "/api/pulse", "/"}
    for query in ("provider=xai", "version=2.9.0", "internal=all", "range=365d", "product=dot-ai&where=tool:is:query"):
        for chart in expected:
            assert ask(guarded, "GET", f"{path}{chart}?{query}").status == 403, (chart, query)
    for each in ("", *reading_paths()):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert ask(guarded, method, path + each, b"{}").status == 405, (method, each)
    bearer = {"Authorization": f"Bearer {path.rpartition('/')[2]}"}
    assert ask(guarded, "GET", "/api/charts/tool-usage", headers=bearer).status == 401, "the link is no token"
    form = b"revoke_link=given-away"
    assert ask(guarded, "POST", "/access", form, SIGNED_IN).status == 303
    assert ask(guarded, "GET", f"{path}/api/charts/tool-usage").status == 404


@at_most(Party.READER, "of a framed panel: the answer of this panel under the link's filters and period, until its end")
def test_the_link_of_a_panel_reads_its_chart_and_nothing_else(tmp_path: Path) -> None:
    """Who copies a frame's address reads another panel, its page, other filters, a file, tokens or `/mcp`."""
    with start_collector(tmp_path / "data", {"FOOTFALL_EMBED_ORIGINS": "https://wiki.example.com"}) as framing:
        body = json.dumps({"page": "tools", "panel": "tool-usage", "query": "provider=anthropic"}).encode()
        made = ask(framing, "POST", "/api/links", body, {"Content-Type": "application/json"})
        secret = made.json["path"].rpartition("/")[2]
        held = {"X-Footfall-Link": secret}
        answers = {path: ask(framing, "GET", f"/embed{path}", headers=held).status for path in reading_paths()}
        assert [path for path, status in answers.items() if status == 200] == ["/api/charts/tool-usage"]
        for query in ("provider=xai", "internal=all", "range=365d"):
            assert ask(framing, "GET", f"/embed/api/charts/tool-usage?{query}", headers=held).status == 403
        for path in reading_paths():
            assert ask(framing, "GET", f"/embed/{secret}{path}").status == (200 if path == "/" else 404), path
            assert ask(framing, "GET", f"/shared/{secret}{path}").status == 404, path


def _mcp(collector: CollectorProcess, method: str, params: dict[str, Any]) -> Any:
    opening = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    session: dict[str, str] = {}
    for name, sent in (("initialize", opening), (method, params)):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": name, "params": sent}).encode()
        answer = ask(collector, "POST", "/mcp", body, SIGNED_IN | MCP | session)
        session = {"Mcp-Session-Id": answer.headers["mcp-session-id"], "MCP-Protocol-Version": "2025-11-25"}
    return answer.json["result"]


@at_most(
    Party.READER,
    "of the public page: closed months, one property at a time, in noisy counts of groups that are not small",
)
@pytest.mark.parametrize("path", ["/public/dot-ai", "/public/dot-ai/data.json", "/public/dot-ai/badge/instances.svg"])
def test_the_public_page_answers_no_question(guarded: CollectorProcess, path: str) -> None:
    """A query of the public page narrows its numbers to a combination, a shorter time or a small group."""
    published = ask(guarded, "GET", path)
    assert published.status == 200
    assert "130" in published.text
    for query in ("provider=xai", "version=2.9.0", "tool=recommend", "start=2026-10-01&end=2026-10-02", "internal=all"):
        assert ask(guarded, "GET", f"{path}?{query}").body == published.body, query
