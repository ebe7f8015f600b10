"""The sites of docs/operate.md in Caddy, HAProxy and Traefik, as they are written there, before one collector."""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from playwright.sync_api import Page

from collector.tests.operate.commands import run
from tests.dashboard.browser import wait_until_drawn
from tests.docs.pages import ROOT, blocks_of
from tests.operating.proxies import NAME, SECRET, certificate, proxy_running
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.programs import free_port

BASE = "/stats"
SNIPPETS = {
    {"caddyfile": "caddy", "haproxy": "haproxy", "yaml": "traefik"}[block.language]: block.text
    for block in blocks_of(ROOT / "docs/operate.md")
    if block.how.get("by") == Path(__file__).relative_to(ROOT).as_posix()
}
_MACHINE = ssl.create_default_context()
_MACHINE.check_hostname, _MACHINE.verify_mode = False, ssl.CERT_NONE


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """With the settings of the documentation's whole set-up that concern a proxy."""
    data = tmp_path_factory.mktemp("collector") / "data"
    named = {"allowed_hosts": NAME, "base_path": BASE, "trusted_proxies": "127.0.0.1"}
    with start_collector(data, {"FOOTFALL_SIGN_IN_SECRET": SECRET}, **named) as started:
        yield started


@contextmanager
def site(program: str, upstream: int, folder: Path) -> Iterator[int]:
    """The port of a proxy with the documentation's text: only addresses, ports and certificates are this machine's."""
    port, pem = free_port(), str(certificate(folder))
    text = SNIPPETS[program].replace("127.0.0.1:8765", f"127.0.0.1:{upstream}")
    for documented in ("fullchain", "privkey"):
        text = text.replace(f"/etc/letsencrypt/live/www.example.org/{documented}.pem", pem)
    text = text.replace("/etc/haproxy/certs/www.example.org.pem", pem).replace("bind :443", f"bind 127.0.0.1:{port}")
    if program == "caddy":
        # It would ask a certificate authority for one.
        text = text.replace("www.example.org {", f"https://{NAME}:{port} {{\n    tls {pem} {pem}")
    with proxy_running(program, text.replace("www.example.org", NAME), folder, port, BASE):
        yield port


def attempt(port: int, source: str, secret: str = "a wrong secret") -> int:
    """The status of a bearer's request from one address of loopback."""
    connection = HTTPSConnection("127.0.0.1", port, timeout=20, context=_MACHINE, source_address=(source, 0))
    headers = {"Host": f"{NAME}:{port}", "Authorization": f"Bearer {secret}", "X-Forwarded-For": "192.0.2.9"}
    connection.request("GET", f"{BASE}/api/charts", headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("program", ["caddy", "haproxy", "traefik"])
def test_people_sign_in_below_the_path_and_each_sender_has_limits_of_its_own(
    program: str, collector: CollectorProcess, page: Page, tmp_path: Path
) -> None:
    number = 10 + list(SNIPPETS).index(program)
    with site(program, collector.port, tmp_path) as port:
        address = f"https://{NAME}:{port}{BASE}"
        page.goto(f"{address}/data-health")
        page.get_by_label("Sign-in secret").fill(SECRET)
        page.get_by_role("button", name="Sign in").click()
        wait_until_drawn(page)
        assert page.url == f"{address}/data-health"
        assert page.goto(address) is not None
        wait_until_drawn(page)
        # The limit of one peer, which this address uses up, whatever it writes into X-Forwarded-For.
        assert [attempt(port, f"127.{number}.0.1") for _ in range(11)] == [401] * 10 + [429]
        assert attempt(port, f"127.{number}.0.2") == 401
        assert attempt(port, f"127.{number}.0.3", SECRET) == 200
    report = run(collector.data_dir, "doctor").stdout
    assert re.search(r"^ok +proxies.* came through trusted_proxies, each with its sender", report, re.MULTILINE), report
