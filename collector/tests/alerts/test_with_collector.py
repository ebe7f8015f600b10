"""A real collector process: a planted regression reaches a real HTTP endpoint, a real SMTP server and every page."""

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.tests.app.http import ask, counter, post
from collector.tests.app.test_start import run
from tests.oracle.causes import draw_cause, plant
from tests.oracle.fleet import Fleet, FleetEvent, wire_event
from tests.oracle.world import DAY
from tests.support.capture_server import CaptureServer
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.mail_server import MailServer
from tests.support.waiting import wait_for

SECRET = "the-secret-part-of-an-address"


def environment(*webhooks: str, mails: MailServer | None = None) -> dict[str, str]:
    variables = {"FOOTFALL_ALERT_WEBHOOKS": ",".join(webhooks), "FOOTFALL_ALERT_DIGEST": "never"}
    if mails is not None:
        variables |= {
            "FOOTFALL_ALERT_MAIL_TO": "ops@example.org",
            "FOOTFALL_ALERT_MAIL_SERVER": f"smtp+plain://127.0.0.1:{mails.port}",
        }
    return variables


def send(collector: CollectorProcess, events: list[FleetEvent]) -> None:
    for first in range(0, len(events), 2000):
        batch = [wire_event(event) for event in events[first : first + 2000]]
        body = gzip.compress(json.dumps({"api_key": "phc_fleet", "batch": batch}).encode(), 1)
        assert post(collector, body, content_encoding="gzip").status == 200


@pytest.fixture(scope="module")
def broken_release() -> list[FleetEvent]:
    """Four weeks up to now, of which a release fails more often; only calls and their errors."""
    fleet = Fleet(instances=150, days=28, seed=2, end=int(time.time()) // DAY * DAY, busy=2, calm=True)
    events = [event for event in fleet.events() if event.event in ("tool_executed", "tool_error")]
    return list(plant(events, draw_cause("release", events, fleet.start, fleet.end, 2), 2))


def test_a_planted_regression_arrives_once_everywhere(tmp_path: Path, broken_release: list[FleetEvent]) -> None:
    with CaptureServer() as hook, MailServer() as mails:
        variables = environment(f"generic:{hook.url}/{SECRET}", mails=mails)
        data = tmp_path / "data"
        with start_collector(data, variables, alert_seconds=1, segment_seconds=0.2) as collector:
            send(collector, broken_release)
            wait_for(lambda: "regression" in rules_of(hook), "the regression at the endpoint", 60)
            wait_for(lambda: "regression" in subjects_of(mails), "the regression by mail", 30)
            assert "footfall_alerts_open_regression 1" in ask(collector, "GET", "/metrics").text
            tables = ask(collector, "GET", "/api/health").json["tables"]
            [alerts] = [table for table in tables if table["id"] == "alerts"]
            assert "regression" in [row[3] for row in alerts["rows"]]
            for page in ("/api/pages/errors", "/api/things/tool?thing=query"):
                marks = ask(collector, "GET", page).json["alerts"]
                assert [each["until"] for each in marks if each["rule"] == "regression"] == [None], page
            collector.kill()
        listed = run("alerts", "list", "--data", str(data)).stdout
        assert "dot-ai: regression" in listed
        before = rules_of(hook).count("regression")
        with start_collector(data, variables, alert_seconds=1, segment_seconds=0.2) as collector:
            ran = run("alerts", "list", "--data", str(data))
            assert ran.stdout == listed
            count = rounds(collector)
            wait_for(lambda: rounds(collector) >= count + 2, "two more evaluations", 60)
            assert SECRET not in collector.output
        assert rules_of(hook).count("regression") == before == 1


def rounds(collector: CollectorProcess) -> int:
    """Evaluations since the start."""
    return counter(collector, "alerts_judged")


def rules_of(hook: CaptureServer) -> list[str]:
    return [json.loads(request.body)["rule"] for request in list(hook.requests)]


def subjects_of(mails: MailServer) -> str:
    return " ".join("regression" if "release got worse" in mail["Subject"] else "" for mail in list(mails.messages))


@pytest.fixture(scope="module")
def endpoints() -> Iterator[tuple[CaptureServer, CaptureServer]]:
    with CaptureServer() as whole, CaptureServer(404) as broken:
        yield whole, broken


@pytest.mark.parametrize("is_running", [True, False], ids=["running", "not running"])
def test_alerts_test_says_what_became_of_each_channel(
    tmp_path: Path, endpoints: tuple[CaptureServer, CaptureServer], is_running: bool
) -> None:
    whole, broken = endpoints
    whole.requests.clear()
    good, bad = f"slack:{whole.url}/{SECRET}", f"discord:{broken.url}/{SECRET}"

    def tried(*webhooks: str) -> tuple[int, str]:
        variables = environment(*webhooks)
        if is_running:
            with start_collector(tmp_path, variables):
                ran = run("alerts", "test", "--data", str(tmp_path))
        else:
            ran = run("alerts", "test", "--data", str(tmp_path), **variables)
        assert SECRET not in ran.stdout + ran.stderr
        return ran.returncode, ran.stdout + ran.stderr

    arrived = f"slack webhook at {whole.url.removeprefix('http://')}: arrived\n"
    assert tried(good) == (0, arrived)
    assert "This is a test" in json.loads(whole.requests[0].body)["text"]
    failed = f"discord webhook at {broken.url.removeprefix('http://')}: it answered 404\n"
    assert tried(good, bad) == (1, arrived + failed)
    code, text = tried()
    assert code == 1
    assert "no channel is set" in text


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        ("ALERT_WEBHOOKS", "https://hooks.slack.com/services/x", "write `slack:`, `mattermost:`"),
        ("ALERT_WEBHOOKS", "generic:ftp://example.org/x", "write `slack:`, `mattermost:`"),
        ("ALERT_WEBHOOKS", "generic:https://user:pass@example.org/x", "write `slack:`, `mattermost:`"),
        ("ALERT_WEBHOOKS", "generic:https://example.org:99999/x", "the port must be a number"),
        ("ALERT_MAIL_TO", "ops@example.org", "set alert_mail_server too"),
        ("ALERT_MAIL_TO", "Ops <ops@example.org>", "write an e-mail address"),
        ("ALERT_MAIL_SERVER", "smtp://example.org", "set alert_mail_to too"),
        ("ALERT_MAIL_SERVER", "smtp://u:password@example.org", "the password is a setting of its own"),
        ("ALERT_RULES", "error-rates:5", "rules are regression"),
        ("ALERT_DIGEST", "someday", "write a day such as `monday`"),
    ],
)
def test_a_wrong_setting_is_named_with_its_fix_and_without_its_value(
    tmp_path: Path, name: str, value: str, fix: str
) -> None:
    ran = run("alerts", "test", "--data", str(tmp_path), **{f"FOOTFALL_{name}": value})
    assert ran.returncode == 2
    assert fix in ran.stderr
    if name != "ALERT_MAIL_TO":
        assert value not in ran.stderr or name in ("ALERT_RULES", "ALERT_DIGEST")
