"""The real posthog-js in Chromium, on a page of another origin: every event counted once, nothing in its console."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from footfall_collector.receive import WriteKeys
from tests.dashboard.browser import PageWatch, launched
from tests.protocol.events import COUNTED, KEY, PLANTED, TIMES, expected, to_capture
from tests.protocol.pages import served_page, version_of
from tests.protocol.sdk_table import assert_listed
from tests.protocol.talk import Talk, talking
from tests.support.waiting import wait_for

INIT = """([key, options]) => new Promise((ready) => {
    posthog.init(key, {...options, opt_out_useragent_filter: true, loaded: () => ready()});
})"""
CAPTURE = """(events) => {
    for (const {event, properties} of events) posthog.capture(event, properties);
}"""


@dataclass
class Tab:
    """A page with posthog-js on it."""

    page: Page
    watch: PageWatch
    talk: Talk
    address: str

    def begin(self, **options: Any) -> None:
        """Load the page and start the SDK as its documentation says."""
        self.page.goto(self.address)
        self.page.evaluate(INIT, [KEY, {"api_host": self.talk.url, **options}])

    def paths(self) -> Counter[str]:
        """Method and path, without the query, of everything the collector was asked."""
        lines = [request.head.split(b"\r\n")[0].decode() for request in self.talk.tee.requests()]
        return Counter(line.split("?")[0].split(" HTTP/")[0] for line in lines)


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    """Its collector knows the key, because no page can add the first one."""
    data = tmp_path / "data"
    data.mkdir()
    WriteKeys(data).add("dot-ai", KEY)
    with talking(data) as started:
        yield started


@pytest.fixture
def tab(talk: Talk, request: pytest.FixtureRequest) -> Iterator[Tab]:
    release = getattr(request, "param", "posthog-js")
    with served_page(release) as address, launched() as chromium:
        page = chromium.new_page()
        watch = PageWatch(talk.url)
        watch.attach(page)
        yield Tab(page, watch, talk, address)
        assert watch.complaints == []


def refused_in(talk: Talk) -> int:
    return sum(event["event"] not in COUNTED for event in talk.sent())


def test_every_event_is_counted_once_and_what_is_posthogs_own_is_refused(tab: Tab) -> None:
    talk = tab.talk
    tab.begin(autocapture=True)
    tab.page.evaluate("(planted) => posthog.identify(planted, {email: planted})", PLANTED)
    tab.page.evaluate("(planted) => posthog.captureException(new Error(planted))", PLANTED)
    tab.page.evaluate(CAPTURE, to_capture())
    own = Counter({"$pageview": 1, "$identify": 1, "$exception": 1, "$mcp_tool_call": TIMES, "$ai_generation": TIMES})
    everything = expected() + own
    wait_for(lambda: Counter(event["event"] for event in talk.sent()) >= everything, "all events")
    # Its configuration, flags, and events: it asks for nothing that is not there.
    assert {f"GET /array/{KEY}/config.js", "POST /flags/"} <= set(tab.paths())
    assert set(talk.statuses()) == {200}
    tab.page.close()
    wait_for(lambda: "$pageleave" in {event["event"] for event in talk.sent()}, "the last event of the page")
    talk.assert_counted_once(expected(), refused_in(talk))
    assert_listed(talk, "posthog-js", version_of("posthog-js"))
    talk.assert_nothing_kept()


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"disable_compression": True}, id="not compressed"),
        pytest.param({"request_batching": False}, id="each event by itself"),
        pytest.param({"api_transport": "XHR"}, id="by XMLHttpRequest"),
        pytest.param({"advanced_disable_flags": True}, id="without flags and configuration"),
    ],
)
def test_every_way_of_sending_is_understood(tab: Tab, options: dict[str, Any]) -> None:
    tab.begin(autocapture=False, capture_pageview=False, capture_pageleave=False, **options)
    tab.page.evaluate(CAPTURE, [event for event in to_capture() if event["event"] in COUNTED])
    wait_for(lambda: len(tab.talk.sent()) == TIMES * len(COUNTED), "all events")
    tab.talk.assert_counted_once(expected(), 0)
    assert set(tab.talk.statuses()) <= {200, 204}, "204 is a preflight's answer"


def test_what_a_page_sends_when_it_is_left_is_counted_once(tab: Tab) -> None:
    tab.begin(autocapture=False, capture_pageview=False, capture_pageleave=False)
    wait_for(lambda: f"GET /array/{KEY}/config.js" in tab.paths(), "the SDK's start")
    ours = [event for event in to_capture() if event["event"] in COUNTED]
    tab.page.evaluate(CAPTURE, ours)
    tab.page.goto("about:blank")
    wait_for(lambda: len(tab.talk.sent()) == len(ours), "what was left")
    tab.talk.assert_counted_once(expected(), 0)
    assert set(tab.talk.statuses()) == {200}


WITH_CREDENTIALS = """() => {
    const send = XMLHttpRequest.prototype.send;
    window.withCredentials = [];
    XMLHttpRequest.prototype.send = function (...body) {
        withCredentials.push(this.withCredentials);
        return send.apply(this, body);
    };
}"""


@pytest.mark.parametrize(
    ("tab", "release"),
    [("posthog-js-1-20", "posthog-js-1-20"), ("posthog-js-1-78", "posthog-js-1-78")],
    indirect=["tab"],
)
def test_an_old_release_needs_one_request_for_each_batch(tab: Tab, release: str) -> None:
    """Before 1.79 its XMLHttpRequests carry credentials: an answer that does not allow them is an error to it."""
    tab.page.add_init_script(f"({WITH_CREDENTIALS})()")
    tab.begin(autocapture=False, capture_pageview=False, capture_pageleave=False, disable_session_recording=True)
    ours = [event for event in to_capture() if event["event"] in COUNTED]
    tab.page.evaluate(CAPTURE, ours)
    wait_for(lambda: len(tab.talk.sent()) >= len(ours), "all events")
    assert True in tab.page.evaluate("withCredentials")
    tab.talk.assert_counted_once(expected(), 0)
    assert_listed(tab.talk, "posthog-js", version_of(release))
    bodies = [request.body for request in tab.talk.deliveries()]
    assert len(set(bodies)) == len(bodies), "a request was sent again"
    assert set(tab.talk.statuses()) <= {200, 204}
