"""The whole set-up of docs/operate.md, as it is written there, from an empty directory to a broken release's alert."""

import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPSConnection
from itertools import groupby
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from collector.tests.app.http import ask
from footfall_collector.alerts.service import REGRESSIONS_EVERY
from tests.dashboard.browser import wait_until_drawn
from tests.docs.pages import ROOT, Block, blocks_of
from tests.operating.prometheus import prometheus, values
from tests.operating.proxies import NAME, SECRET, certificate, proxy_running
from tests.operating.unit import STATE, start_unit
from tests.oracle.causes import draw_cause, plant
from tests.oracle.fleet import Fleet, FleetEvent, wire_event
from tests.oracle.incidents import visible_day
from tests.oracle.world import DAY
from tests.support.capture_server import CaptureServer
from tests.support.collector_process import CollectorProcess
from tests.support.programs import free_port
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import wait_for

KEY = "phc_the_public_key_of_dot_ai"
PASSWORD = "of ops"
QUICK = {"FOOTFALL_ALERT_SECONDS": "1", "FOOTFALL_SEGMENT_SECONDS": "0.2", "FOOTFALL_ALERT_DIGEST": "never"}
REGRESSION = "regression"


@dataclass
class Place:
    """What stands for the machine, the mail server and the webhook of the documentation."""

    folder: Path
    hook: CaptureServer
    mails: SmtpServer
    port: int
    tls_port: int

    def here(self, text: str) -> str:
        """A snippet with the addresses and places of this machine: nothing else of it changes."""
        pem = str(self.folder / "server.pem")
        for documented, own in {
            "/var/lib/footfall": str(self.folder / "data"),
            "/etc/prometheus/footfall.token": str(self.folder / "token"),
            "/etc/letsencrypt/live/www.example.org/fullchain.pem": pem,
            "/etc/letsencrypt/live/www.example.org/privkey.pem": pem,
            "https://ops.example.org": self.hook.url,
            "mail.example.org:587": f"localhost:{self.mails.port}",
            "www.example.org": NAME,
            "listen 443": f"listen {self.tls_port}",
            "127.0.0.1:8765": f"127.0.0.1:{self.port}",
            "a-long-random-secret": SECRET,
            "the-password-of-ops": PASSWORD,
        }.items():
            text = text.replace(documented, own)
        return text


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    pem = certificate(tmp_path)
    with CaptureServer() as hook, SmtpServer(pem, PASSWORD) as mails:
        yield Place(tmp_path, hook, mails, free_port(), free_port())


def snippets() -> Iterator[Block]:
    """The blocks of the documentation that name this test, in their order."""
    own = Path(__file__).relative_to(ROOT).as_posix()
    return (block for block in blocks_of(ROOT / "docs/operate.md") if block.how.get("by") == own)


@contextmanager
def set_up(place: Place) -> Iterator[CollectorProcess]:
    """Follow the documentation: a file for each snippet, the unit's command, nginx, and the commands."""
    settings, secrets, site, commands = (place.here(block.text) for block in snippets())
    data = place.folder / "data"
    data.mkdir(mode=0o700)
    (data / "footfall.toml").write_text(settings)
    # The unit has a /tmp of its own.
    (data / "ca.pem").write_bytes((place.folder / "server.pem").read_bytes())
    variables = dict(line.split("=", 1) for line in secrets.splitlines())
    variables |= QUICK | {"SSL_CERT_FILE": f"{STATE}/ca.pem", "FOOTFALL_PORT": str(place.port)}
    with start_unit(data, variables) as collector, proxy_running("nginx", site, place.folder, place.tls_port):
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{surroundings['PATH']}"
        shell = ["bash", "-euo", "pipefail", "-c", commands]
        subprocess.run(shell, env=surroundings | {"PATH": path}, check=True, timeout=90)
        yield collector


@pytest.fixture(scope="module")
def parts() -> tuple[Sequence[FleetEvent], Sequence[FleetEvent]]:
    """Events before a broken release, and those up to the end of the day on which its fault can be told from chance.

    That moment is now.
    """
    fleet = Fleet(instances=150, days=28, seed=2, busy=2, calm=True)
    events = [event for event in fleet.events() if event.event in ("tool_executed", "tool_error")]
    cause = draw_cause("release", events, fleet.start, fleet.end, 2)
    planted = list(plant(events, cause, 2))
    end = (visible_day(events, planted, cause) + 1) * DAY
    begin = min(event.at for event in planted if event.properties.get("product_version") == cause.value)
    moved = int(time.time()) - end
    shifted = [(event.at, replace(event, at=event.at + moved)) for event in planted if event.at < end]
    return [event for at, event in shifted if at < begin], [event for at, event in shifted if at >= begin]


def send(place: Place, events: Iterable[FleetEvent]) -> None:
    """Through the proxy, each instance from an address of its own."""
    trusting = ssl.create_default_context(cafile=str(place.folder / "server.pem"))
    by_instance = groupby(sorted(events, key=lambda event: event.instance), lambda event: event.instance)
    for number, (_, own) in enumerate(by_instance):
        address = f"127.9.{number // 200}.{number % 200 + 1}"
        connection = HTTPSConnection(
            "127.0.0.1", place.tls_port, timeout=30, context=trusting, source_address=(address, 0)
        )
        body = json.dumps({"api_key": KEY, "batch": [wire_event(event) for event in own]})
        connection.request("POST", "/stats/batch/", body, {"Host": f"{NAME}:{place.tls_port}"})
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b'{"status":1}')
        connection.close()


def sample(place: Place, collector: CollectorProcess, name: str) -> int:
    """A sample of /metrics, read with the token that Prometheus has."""
    token = (place.folder / "token").read_text().strip()
    text = ask(collector, "GET", "/metrics", headers={"Authorization": f"Bearer {token}"}).text
    # A counter that has counted nothing has no sample.
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name} ")), 0)


def sign_in(place: Place, page: Page) -> str:
    """The site's address, once its page is drawn in a browser that has a session."""
    site = f"https://{NAME}:{place.tls_port}/stats"
    page.goto(f"{site}/data-health")
    page.get_by_label("Sign-in secret").fill(SECRET)
    page.get_by_role("button", name="Sign in").click()
    wait_until_drawn(page)
    assert page.url == f"{site}/data-health"
    return site


def alerts_at(hook: CaptureServer) -> list[dict[str, str]]:
    bodies = [json.loads(request.body) for request in list(hook.requests)]
    return [body for body in bodies if body["kind"] == "alert" and body["rule"] == REGRESSION]


def rule_file() -> str:
    [block] = [each for each in blocks_of(ROOT / "docs/alerts.md") if each.language == "yaml"]
    return block.text


def test_a_broken_release_is_told_everywhere_within_its_day(
    place: Place, page: Page, parts: tuple[Sequence[FleetEvent], Sequence[FleetEvent]]
) -> None:
    before, after = parts
    with set_up(place) as collector:
        tried = [json.loads(request.body)["kind"] for request in place.hook.requests]
        assert (tried, len(place.mails.messages)) == (["test"], 1), "`alerts test` of the documentation"
        send(place, before)
        site = sign_in(place, page)
        judged = sample(place, collector, "footfall_alerts_judged_total")
        wait_for(
            lambda: sample(place, collector, "footfall_alerts_judged_total") > judged + REGRESSIONS_EVERY,
            "an evaluation of the releases so far",
            60,
        )
        assert alerts_at(place.hook) == []
        send(place, after)
        wait_for(lambda: alerts_at(place.hook), "the alert at the webhook", 60)
        wait_for(lambda: len(place.mails.messages) > 1, "the alert by mail", 60)
        told = [mail for mail in place.mails.messages if "release got worse" in mail["Subject"]]
        assert [mail["From"] for mail in told] == ["footfall@example.org"]
        assert place.mails.receivers == ["ops@example.org"] * len(place.mails.messages)
        assert all(place.mails.encrypted)
        page.goto(f"{site}/data-health")
        wait_until_drawn(page)
        expect(page.get_by_role("table").filter(has_text=REGRESSION).first).to_be_visible()
        with prometheus(place.port, place.folder / "token", place.folder, rule_file()) as port:
            firing = 'ALERTS{alertname="FootfallRegression",alertstate="firing"}'
            wait_for(lambda: values(port, firing) == ["1"], "the rule to fire", 30)
            assert values(port, "footfall_alerts_open_regression") == ["1"]
