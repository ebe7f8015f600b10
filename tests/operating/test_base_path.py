"""Everything below a base path, behind a proxy that removes it and behind one that does not."""

import json
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from collector.tests.app.http import ask, post
from collector.tests.receive.shapes import batch, event
from footfall_collector.access.sign_in import PATH as SIGN_IN_PATH
from footfall_collector.access.sign_in import SIGN_OUT_PATH
from footfall_collector.app.addressing import without_base
from footfall_collector.runtime import OWN_PATHS, SettingsError, read_settings
from tests.dashboard.browser import wait_until_drawn
from tests.operating.proxies import NAME, SECRET, Proxy
from tests.support.collector_process import CollectorProcess, start_collector

BASE = "/team/stats"
READER = {"Authorization": f"Bearer {SECRET}", "Accept": "text/html"}
ENV = {"FOOTFALL_SIGN_IN_SECRET": SECRET}
NGINX = {"nginx strips": Proxy("nginx", strips=True), "nginx keeps": Proxy("nginx")}
KINDS = {**NGINX, "caddy strips": Proxy("caddy", strips=True), "haproxy keeps": Proxy("haproxy")}
KINDS |= {"traefik strips": Proxy("traefik", strips=True)}
_MACHINE = ssl.create_default_context()
_MACHINE.check_hostname, _MACHINE.verify_mode = False, ssl.CERT_NONE


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    data = tmp_path_factory.mktemp("collector") / "data"
    named: dict[str, Any] = {"allowed_hosts": NAME, "base_path": BASE, "public_products": "dot-ai"}
    named["trusted_proxies"] = "127.0.0.1"
    with start_collector(data, ENV, segment_seconds=0.1, **named) as started:
        assert post(started, batch(event()), f"{BASE}/batch/").status == 200, "a first key, below the base path"
        yield started


@pytest.fixture(scope="module", params=KINDS.values(), ids=list(KINDS))
def address(
    request: pytest.FixtureRequest, collector: CollectorProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The base address behind one kind of proxy, with the name of this machine."""
    with request.param.before(collector.port, tmp_path_factory.mktemp("proxy"), BASE) as started:
        yield started


def fetch(address: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> tuple[int, str]:
    """The status and the body of a request through the proxy."""
    split = urlsplit(address)
    request = Request(
        f"https://127.0.0.1:{split.port}{split.path}{path}", body, {"Host": split.netloc} | (headers or {})
    )
    try:
        with urlopen(request, context=_MACHINE, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def links(text: str) -> list[str]:
    """The addresses of a page that begin with a slash."""
    return re.findall(r"""(?:href|src|action|data-page|data-icons)="(/[^"#?]*)""", text)


@pytest.mark.parametrize("proxy", NGINX.values(), ids=list(NGINX))
def test_people_read_in_a_browser(proxy: Proxy, collector: CollectorProcess, page: Page, tmp_path: Path) -> None:
    with proxy.before(collector.port, tmp_path, BASE) as address:
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto(f"{address}/data-health?range=7d")
        assert page.url.startswith(f"{address}/sign-in?next=")
        page.get_by_label("Sign-in secret").fill(SECRET)
        page.get_by_role("button", name="Sign in").click()
        wait_until_drawn(page)
        assert page.url == f"{address}/data-health?range=7d"
        assert [cookie["path"] for cookie in page.context.cookies()] == [BASE]
        page.get_by_role("link", name="Tools", exact=True).click()
        wait_until_drawn(page)
        assert page.url.split("?")[0] == f"{address}/tools"
        for link in page.locator("a[data-format]").all():
            assert str(link.get_attribute("href")).startswith(f"{BASE}/api/charts/")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Sign-in secret")).to_be_visible(timeout=15_000)
        assert page.url == f"{address}/sign-in"
        assert [url for url in requests if not url.startswith(address)] == []


def test_programs_use_every_part(address: str) -> None:
    bearer = {"Authorization": f"Bearer {SECRET}"}
    assert fetch(address, "/batch/", body=batch(event())) == (200, '{"status":1}')
    assert fetch(address, "/e?v=1", body=batch(event()))[0] == 200, "not the fast path"
    assert fetch(address, "/healthz")[1] == "ok\n"
    assert fetch(address, "/api/charts")[0] == 401
    document = json.loads(fetch(address, "/api/openapi.json", bearer)[1])
    assert document["servers"] == [{"url": BASE}]
    assert fetch(address, "/api/charts/tool-usage.csv", bearer)[0] == 200
    assert f"{BASE}/api/openapi.json" in fetch(address, "/api/none", bearer)[1]
    about = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    call = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": about}
    json_headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    status, text = fetch(address, "/mcp", json_headers | bearer, json.dumps(call).encode())
    assert (status, "serverInfo" in text) == (200, True)
    assert fetch(address, "/public/dot-ai/badge/instances.svg")[0] == 200


@pytest.mark.parametrize("path", ["/", "/data-health", "/nothing-here", "/public/dot-ai", "/sign-in", "/mcp"])
def test_every_link_of_a_page_leads_below_the_base_path(address: str, path: str) -> None:
    found = links(fetch(address, path, READER)[1])
    assert found
    assert [link for link in found if not link.startswith(f"{BASE}/")] == []
    for link in {link for link in found if not link.endswith(".parquet")}:
        status, _ = fetch(address, link.removeprefix(BASE), READER)
        assert status == 200, link


@pytest.mark.parametrize(
    ("path", "inner"),
    [(BASE, "/"), (f"{BASE}/", "/"), (f"{BASE}/e", "/e"), ("/e", "/e"), (f"{BASE}x/e", f"{BASE}x/e"), ("/", "/")],
)
def test_a_path_with_and_without_the_base_path_is_the_same(path: str, inner: str) -> None:
    assert without_base(path, BASE) == inner
    assert without_base(f"/{path}", BASE) == inner


def test_slashes_after_the_base_path_are_one() -> None:
    assert [without_base(f"{BASE}//{rest}", BASE) for rest in ("", "/", "e/")] == ["/", "/", "/e/"]


@pytest.mark.parametrize("path", [f"{BASE}/tools/", f"{BASE}//tools", "//tools/", f"{BASE}/sign-in/", "/api/charts/"])
def test_a_slash_more_than_needed_leads_to_the_page_itself(collector: CollectorProcess, path: str) -> None:
    """A redirect would name the Host that a proxy passes; proxies that join paths make two slashes of one."""
    assert ask(collector, "GET", path, headers=READER).status == 200
    assert post(collector, batch(event()), f"{BASE}//batch/").status == 200


@pytest.mark.parametrize(
    "path", ["stats", "/stats/", "/", "//stats", "/a b", "/../x", "/api", "/Tools/x", "/stats?x", "/é"]
)
def test_a_base_path_that_can_not_be_used_is_refused_with_the_fix(path: str) -> None:
    with pytest.raises(SettingsError, match=r"--base-path: write the path .*such as /stats"):
        read_settings({"base_path": path}, {})


def test_a_base_path_can_not_be_one_of_the_collectors_own(collector: CollectorProcess) -> None:
    """Else the two could not be told apart where a proxy removes it."""
    bearer = {"Authorization": f"Bearer {SECRET}"}
    paths = json.loads(ask(collector, "GET", "/api/openapi.json", headers=bearer).body)["paths"]
    pages = links(ask(collector, "GET", "/", headers=bearer).text)
    used = {
        *paths,
        *(link.removeprefix(BASE) for link in pages),
        SIGN_IN_PATH,
        SIGN_OUT_PATH,
        "/mcp",
        "/metrics",
        "/public/x",
    }
    assert {path.split("/")[1] for path in used} - {""} <= OWN_PATHS
