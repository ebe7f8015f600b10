"""A fresh collector's first write key: whoever adds it decides whose events count, and no web page may."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from collector.tests.app.http import Answer, ask, counter, journal_lines, post
from collector.tests.app.test_start import run
from collector.tests.receive.shapes import TOKEN, batch, event, form_of
from tests.attacks.parties.claims import Party, at_most
from tests.dashboard.browser import launched
from tests.protocol.pages import served_page
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

EVIL = "https://evil.example.org"
DATA = quote(base64.b64encode(batch(event())).decode(), safe="")
PATHS = ("/batch/", "/e/?beacon=1", "/i/v0/e/", "/capture/", "/track/", "/i/v1/analytics/events")
PAGES: dict[str, dict[str, str]] = {
    "another origin": {"Origin": EVIL},
    "no origin": {"Origin": "null"},
    "this origin": {"Origin": "http://127.0.0.1:8765"},
    "an empty origin": {"Origin": ""},
    "a referrer": {"Referer": EVIL},
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "another port of this site": {"sec-fetch-site": "Same-Site"},
    "something new": {"Sec-Fetch-Site": "whatever"},
    "a list": {"Sec-Fetch-Site": "none, cross-site"},
    "a beacon": {"Origin": EVIL, "Content-Type": "text/plain;charset=UTF-8", "Sec-Fetch-Mode": "no-cors"},
}
FROM_A_PAGE = """([url, body, data]) => {
    const send = (path, how) => fetch(url + path, {method: "POST", mode: "no-cors", body, ...how}).catch(() => 0);
    send("/batch/", {});
    send("/e/?ip=1", {keepalive: true, referrerPolicy: "no-referrer"});
    send("/i/v0/e/", {headers: {"Content-Type": "text/plain"}, credentials: "include"});
    navigator.sendBeacon(url + "/e/?beacon=1", new Blob([body], {type: "text/plain"}));
    navigator.sendBeacon(url + "/capture/", body);
    for (const referrerPolicy of ["", "no-referrer"])
        Object.assign(new Image(), {referrerPolicy, src: `${url}/e/?data=${data}&${referrerPolicy}`});
    for (const rel of ["", "noreferrer"]) {
        const form = Object.assign(document.createElement("form"), {method: "POST", action: url + "/e/", rel});
        const frame = document.body.appendChild(document.createElement("iframe"));
        form.target = frame.name = "frame" + rel;
        form.append(Object.assign(document.createElement("input"), {name: "data", value: data}));
        document.body.append(form);
        form.submit();
    }
}"""
SENT_FROM_A_PAGE = 9


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """A fresh one, whose key nobody has added."""
    with start_collector(tmp_path_factory.mktemp("fresh") / "data", segment_seconds=3600) as started:
        yield started


def keys_of(collector: CollectorProcess) -> list[str]:
    path = collector.data_dir / "keys.json"
    return [key["key"] for key in json.loads(path.read_text())["keys"]] if path.exists() else []


def assert_refused(collector: CollectorProcess, answer: Answer) -> None:
    assert (answer.status, "keys add --product dot-ai" in answer.text) == (401, True)
    assert keys_of(collector) == []
    assert journal_lines(collector.data_dir) == []


@at_most(Party.NETWORK, "in a page of the operator's browser: ask for a first key, and get none")
@pytest.mark.parametrize("page", PAGES)
def test_a_request_with_a_browsers_headers_adds_no_key(collector: CollectorProcess, page: str) -> None:
    """A page in the operator's browser makes its own key the collector's first one."""
    large = batch(*(event() for _ in range(300)))
    for path in PATHS:
        headers = {"Authorization": f"Bearer {TOKEN}", **PAGES[page]}
        assert_refused(collector, ask(collector, "POST", path, batch(event()), headers))
    assert_refused(collector, ask(collector, "POST", "/batch/", large, PAGES[page]))
    assert_refused(
        collector, post(collector, form_of(batch(event())), "/e/", **{k.lower(): v for k, v in PAGES[page].items()})
    )


@at_most(Party.NETWORK, "by an image or a link: add no key")
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_only_a_post_adds_a_key(collector: CollectorProcess, method: str) -> None:
    """An image, a link or a prefetch adds a key: they are GETs, and old browsers send no header with them."""
    for path in ("/e/", "/batch/", "/track/", "/capture", "/i/v0/e"):
        answer = ask(collector, method, f"{path}?data={DATA}")
        assert answer.status in (401, 405)
        assert keys_of(collector) == []


@at_most(Party.NETWORK, "in a page of a real browser: try every way of sending, and add no key")
def test_no_page_in_a_real_browser_adds_a_key(tmp_path: Path) -> None:
    """A fetch, a beacon, an image, a form or the real posthog-js of a page in Chromium adds a key."""
    with start_collector(tmp_path / "data") as collector, served_page() as address, launched() as chromium:

        def refused() -> int:
            return counter(collector, "requests_refused", reason="unknown_key")

        page = chromium.new_page()
        page.goto(address)
        body = batch(event()).decode()
        page.evaluate(FROM_A_PAGE, [collector.url, body, base64.b64encode(body.encode()).decode()])
        wait_for(lambda: refused() >= SENT_FROM_A_PAGE, "what the page sent")
        page.evaluate(
            """([key, url]) => {
                posthog.init(key, {api_host: url, opt_out_useragent_filter: true, request_batching: false});
                posthog.capture("tool_executed", {tool: "recommend"});
            }""",
            [TOKEN, collector.url],
        )
        wait_for(lambda: refused() > SENT_FROM_A_PAGE, "what posthog-js sent")
        assert keys_of(collector) == []
        assert post(collector, batch(event())).status == 200, "a server's key is added all the same"
        assert keys_of(collector) == [TOKEN]


@at_most(Party.NEIGHBOUR, "on loopback, in the minutes after a start that says so: add the first key")
@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Mode": "cors"}],
    ids=["none", "by hand", "same origin", "fetch of Node"],
)
def test_what_no_page_sends_adds_a_key_within_the_time(tmp_path: Path, headers: dict[str, str]) -> None:
    """A server's first event is refused because it looks like a page's."""
    with start_collector(tmp_path / "data") as collector:
        assert "the first one that a server sends within 10 minutes is added for dot-ai" in collector.output
        assert ask(collector, "POST", "/batch/", batch(event()), headers).status == 200
        assert keys_of(collector) == [TOKEN]
    with start_collector(tmp_path / "data") as again:
        assert "no write key" not in again.output


@at_most(Party.NEIGHBOUR, "after these minutes: add no key")
def test_after_the_time_only_a_command_or_a_start_adds_a_key(tmp_path: Path) -> None:
    """A collector that runs for days without a key takes anyone's."""
    # Over before any request: the first one may arrive in the moment in which the collector listens.
    short: dict[str, Any] = {"first_key_seconds": 1e-9}
    with start_collector(tmp_path / "data", **short) as collector:
        wait_for(lambda: post(collector, batch(event())).status == 401, "the end of the time")
        for _ in range(3):
            answer = post(collector, batch(event()))
            assert_refused(collector, answer)
            assert "or restart the collector" in answer.text
        wait_for(lambda: "refused a first write key" in collector.output, "the line in the log")
        assert collector.stop() == 0
        assert collector.output.count("refused a first write key") == 1
    with start_collector(tmp_path / "data") as again:
        assert post(again, batch(event())).status == 200
    with start_collector(tmp_path / "other", first_key_seconds=0) as never:
        assert "within" not in never.output
        assert_refused(never, post(never, batch(event())))
        added = run("keys", "add", "--data", str(never.data_dir), "--product", "dot-ai", TOKEN)
        assert added.returncode == 0, added.stderr
        wait_for(lambda: post(never, batch(event())).status == 200, "the added key")
