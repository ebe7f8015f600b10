"""A link to one panel: framed by named origins, read with its secret in a header, and refused everything else."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from collector.tests.app.http import Answer, ask
from tests.support.collector_process import CollectorProcess, start_collector

ORIGIN, OTHER_ORIGIN = "https://wiki.example.com", "https://intranet.example.org:8443"


@pytest.fixture(scope="module")
def framing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    env = {"FOOTFALL_EMBED_ORIGINS": f"{ORIGIN},{OTHER_ORIGIN}"}
    with start_collector(tmp_path_factory.mktemp("framing") / "data", env) as started:
        yield started


def make(collector: CollectorProcess, **fields: Any) -> Answer:
    body = json.dumps({"page": "tools", "panel": "tool-usage"} | fields).encode()
    return ask(collector, "POST", "/api/links", body, {"Content-Type": "application/json"})


def read(collector: CollectorProcess, path: str, asked: str, method: str = "GET") -> int:
    return ask(collector, method, f"/embed{asked}", headers={"X-Footfall-Link": path.rpartition("/")[2]}).status


def test_only_the_page_of_the_panel_may_be_framed_and_by_the_named_origins_only(framing: CollectorProcess) -> None:
    path = make(framing).json["path"]
    assert path.startswith("/embed/ffl_")
    page = ask(framing, "GET", path)
    assert page.status == 200
    assert f"frame-ancestors {ORIGIN} {OTHER_ORIGIN}" in page.headers["content-security-policy"]
    assert "x-frame-options" not in page.headers
    assert "set-cookie" not in page.headers
    secret = path.rpartition("/")[2]
    shared = make(framing, panel="").json["path"]
    for other in (
        "/",
        "/tools",
        "/api/charts",
        "/embed",
        "/embed/ffl_unknown",
        f"/shared/{secret}",
        shared,
        "/nothing",
    ):
        headers = ask(framing, "GET", other).headers
        assert (other, headers["x-frame-options"]) == (other, "DENY")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_the_panel_reads_its_own_chart_and_nothing_else(framing: CollectorProcess) -> None:
    path = make(framing, query="range=7d&provider=openai").json["path"]
    assert read(framing, path, "/api/charts/tool-usage") == 200
    assert read(framing, path, "/api/charts/tool-usage?range=7d&provider=openai") == 200
    for other in (
        "/api/charts/tool-usage?provider=anthropic",
        "/api/charts/tool-usage?range=90d",
        "/api/charts/tool-usage.csv",
        "/api/charts/tool-errors",
        "/api/pages/tools",
        "/api/pulse",
        "/api/ask?measure=events",
        "/api/links",
        "/things/tool/query",
    ):
        assert (other, read(framing, path, other)) == (other, 403)
    for other in ("/access", "/metrics", "/mcp", "/tools"):
        assert (other, read(framing, path, other)) == (other, 404)
    assert read(framing, path, "/api/charts/tool-usage", "POST") == 405
    assert ask(framing, "GET", "/embed/api/charts/tool-usage").status == 404, "without the secret"
    assert ask(framing, "GET", f"{path}/api/charts/tool-usage").status == 404, "the secret is not in addresses"
    assert ask(framing, "GET", "/embed").status == 404
    whole = make(framing, panel="").json["path"]
    assert read(framing, whole, "/api/charts/tool-usage") == 404, "a link to a page is no link to a panel"
    assert ask(framing, "GET", path.replace("/embed/", "/shared/")).status == 404


def test_the_main_chart_reads_the_question_that_was_chosen(framing: CollectorProcess) -> None:
    path = make(framing, page="overview", panel="main", query="chart=median&by=mcp_client").json["path"]
    asks = "/api/ask?measure=median&event=tool_executed&of=duration_ms&step=day"
    assert read(framing, path, f"{asks}&by=mcp_client") == 200
    for other in (asks, f"{asks}&by=tool", "/api/ask?measure=instances&step=day&by=mcp_client"):
        assert read(framing, path, other) == 403


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"panel": "ai-providers"}, "The page tools has the panels tool-usage, tool-errors, tool-duration"),
        ({"password": "a good password"}, "A panel in a frame has no password"),
        ({"panel": "main"}, "The page tools has the panels"),
    ],
    ids=["panel", "password", "main"],
)
def test_a_panel_that_can_not_be_framed_says_why(
    framing: CollectorProcess, fields: dict[str, Any], problem: str
) -> None:
    refused = make(framing, **fields)
    assert (refused.status, refused.json["error"].startswith(problem)) == (400, True), refused.text


def test_without_named_origins_no_panel_is_framed(framing: CollectorProcess) -> None:
    path, data = make(framing).json["path"], framing.data_dir
    framing.stop()
    with start_collector(data) as plain:
        assert "No site may show a panel" in make(plain).json["error"]
        page = ask(plain, "GET", path)
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["x-frame-options"] == "DENY"
