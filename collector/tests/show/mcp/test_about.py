"""What a browser gets at `/mcp`, and that clients of the protocol get no page."""

import html
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.tests.app.http import Answer, ask
from collector.tests.show.mcp.test_endpoint import TOOLS
from tests.support.collector_process import CollectorProcess, start_collector

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SECRET = "a-secret-of-this-test"
SIGNED_IN = {"Authorization": f"Bearer {SECRET}"}
DOCUMENTATION = "https://docs.example.org/footfall"


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """Readers sign in, everything is below a base path, and the documentation is published."""
    data = tmp_path_factory.mktemp("about") / "data"
    named: dict[str, Any] = {"base_path": "/stats", "documentation": DOCUMENTATION}
    with start_collector(data, {"FOOTFALL_SIGN_IN_SECRET": SECRET}, **named) as running:
        yield running


def configurations(answer: Answer) -> dict[str, str]:
    found = re.findall(r'aria-label="Configuration of ([^"]+)">([^<]+)</pre>', answer.body.decode())
    return {client: html.unescape(text) for client, text in found}


def test_each_client_gets_the_address_and_a_place_for_the_token(collector: CollectorProcess) -> None:
    answer = ask(collector, "GET", "/stats/mcp", headers=BROWSER | SIGNED_IN)
    assert answer.status == 200
    address = f"http://127.0.0.1:{collector.port}/stats/mcp"
    shown = configurations(answer)
    command = shlex.split(shown.pop("Claude Code").replace("\\\n", ""))
    assert command[:6] == ["claude", "mcp", "add", "--transport", "http", "footfall"]
    assert command[6:] == [address, "--header", "Authorization: Bearer $FOOTFALL_TOKEN"]
    servers = {client: json.loads(text) for client, text in shown.items()}
    assert set(servers) == {"Cursor", "VS Code", "Any other client"}
    for client, configuration in servers.items():
        server = configuration["servers" if client == "VS Code" else "mcpServers"]["footfall"]
        assert server["url"] == address
        assert server["headers"]["Authorization"].startswith("Bearer ")
    assert SECRET not in answer.body.decode()


def test_the_tools_are_those_of_the_server(collector: CollectorProcess) -> None:
    page = ask(collector, "GET", "/stats/mcp", headers=BROWSER | SIGNED_IN).body.decode()
    assert set(re.findall(r"<dt><code>([a-z_]+)</code>", page)) == TOOLS
    assert "untrusted" not in page, "what is said to models only"


def test_pages_link_to_the_documentation_and_to_this_page(collector: CollectorProcess) -> None:
    for path in ("/stats/", "/stats/mcp"):
        page = ask(collector, "GET", path, headers=BROWSER | SIGNED_IN).body.decode()
        assert f'href="{DOCUMENTATION}/' in page, path
    assert 'href="/stats/mcp"' in ask(collector, "GET", "/stats/", headers=SIGNED_IN).body.decode()


def test_the_page_needs_a_sign_in_and_clients_get_the_protocol(collector: CollectorProcess) -> None:
    stranger = ask(collector, "GET", "/stats/mcp", headers=BROWSER)
    assert (stranger.status, stranger.headers["location"]) == (303, "/stats/sign-in?next=%2Fmcp")
    for accepted in ("text/event-stream", "application/json, text/event-stream", "*/*", "text/html, text/event-stream"):
        answer = ask(collector, "GET", "/stats/mcp", headers=SIGNED_IN | {"Accept": accepted})
        assert b"<html" not in answer.body, accepted
        assert answer.status in {400, 405, 406}, accepted
    assert ask(collector, "POST", "/stats/mcp", b"{}", BROWSER | SIGNED_IN).status in {400, 406}


def test_without_a_sign_in_there_is_no_token(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data") as running:
        answer = ask(running, "GET", "/mcp", headers=BROWSER)
        assert "oken" not in "".join(configurations(answer).values())
        assert len(configurations(answer)) == 4
