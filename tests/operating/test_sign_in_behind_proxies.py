"""People sign in, read and sign out in a browser, through real proxies as they are usually configured."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.browser import wait_until_drawn
from tests.operating.proxies import HTTP_HOST, NAME, PROXIES, SECRET, Proxy
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

ENV = {"FOOTFALL_SIGN_IN_SECRET": SECRET}


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    data = tmp_path_factory.mktemp("collector") / "data"
    with start_collector(data, ENV, trusted_proxies="127.0.0.1", allowed_hosts=NAME.upper()) as started:
        yield started


@pytest.fixture(scope="module")
def unnamed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """A collector that does not know the name that browsers use."""
    with start_collector(tmp_path_factory.mktemp("unnamed") / "data", ENV) as started:
        yield started


def sign_in(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_label("Sign-in secret").fill(SECRET)
    page.get_by_role("button", name="Sign in").click()


def read_and_leave(page: Page, address: str) -> None:
    wait_until_drawn(page)
    assert page.url == f"{address}/data-health"
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Sign-in secret")).to_be_visible(timeout=15_000)
    page.goto(f"{address}/data-health")
    assert "/sign-in?next=" in page.url, "the session is over"


@pytest.mark.parametrize("proxy", PROXIES.values(), ids=PROXIES)
def test_people_sign_in_and_out_over_tls(proxy: Proxy, collector: CollectorProcess, page: Page, tmp_path: Path) -> None:
    with proxy.before(collector.port, tmp_path) as address:
        sign_in(page, f"{address}/data-health")
        wait_until_drawn(page)
        (cookie,) = page.context.cookies()
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax")
        read_and_leave(page, address)


def test_nginx_by_default_needs_no_setting_over_tls(unnamed: CollectorProcess, page: Page, tmp_path: Path) -> None:
    """The proxy passes the collector's own address as Host, and the browser's word is enough."""
    with Proxy("nginx").before(unnamed.port, tmp_path) as address:
        sign_in(page, f"{address}/data-health")
        read_and_leave(page, address)


def test_without_tls_the_name_in_allowed_hosts_is_enough(
    collector: CollectorProcess, page: Page, tmp_path: Path
) -> None:
    """Browsers say less without TLS: only the Origin, which is not the Host that nginx passes."""
    with Proxy("nginx", tls=False).before(collector.port, tmp_path) as address:
        sign_in(page, f"{address}/data-health")
        read_and_leave(page, address)


def test_a_refusal_names_the_host_that_the_proxy_passed_and_the_origin_in_page_and_log(
    unnamed: CollectorProcess, page: Page, tmp_path: Path
) -> None:
    with Proxy("nginx", tls=False).before(unnamed.port, tmp_path) as address:
        sign_in(page, f"{address}/data-health")
        status = page.get_by_role("status")
        for part in (f"Origin {address}", f"is 127.0.0.1:{unnamed.port}", "allowed_hosts", "proxy_set_header"):
            expect(status).to_contain_text(part)
        words = re.escape(f"the Origin {address}") + ".*" + re.escape(f"is 127.0.0.1:{unnamed.port}")
        wait_for(lambda: re.search(words, unnamed.output), "the line in the log")


def test_a_host_that_is_not_allowed_is_named_in_page_and_log(
    unnamed: CollectorProcess, page: Page, tmp_path: Path
) -> None:
    with Proxy("nginx", HTTP_HOST).before(unnamed.port, tmp_path) as address:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 403
        host = address.removeprefix("https://")
        expect(page.locator("body")).to_contain_text(f"The Host that arrived is {host}.")
        wait_for(lambda: f"the host name {host} is refused" in unnamed.output, "the line in the log")
