"""The service on a real store, read gate and receivers, with a clock of its own: judge, deliver, retry, restart."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from collector.tests.store.fill_store import CATALOGUES, journal_fleet, loader_of, open_store
from footfall_collector.alerts import AlertService, channels_of
from footfall_collector.alerts.service import MAX_ATTEMPTS
from footfall_collector.answer import Answers, ReadGate
from footfall_collector.runtime import Settings, Status
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle.fleet import Fleet
from tests.oracle.world import DAY, HOUR
from tests.support.capture_server import CaptureServer
from tests.support.mail_server import MailServer

FLEET = Fleet(instances=30, days=10, seed=3, calm=True)
"""It ends on 2026-11-24, a Tuesday."""
NOW = float(FLEET.end + 2 * HOUR)


class Rig:
    """One collector's alerts, whose clock the test moves; `service` can be made again, as after a restart."""

    def __init__(self, store: DuckStore, settings: Settings) -> None:
        self.now, self.status, self.settings = NOW, Status(lambda: self.now), settings
        self.answers = Answers(store, {"dot-ai": CATALOGUES["dot-ai"]})
        self.gate = ReadGate(lambda: store.revision, 20.0, self.status)
        self.gate.start()
        self.service = self.restarted()

    def restarted(self) -> AlertService:
        channels = channels_of(self.settings, lambda: self.now)
        self.service = AlertService(self.settings, self.answers, self.gate, self.status, channels, lambda: self.now)
        return self.service

    def turn(self, seconds: float = 600.0) -> None:
        self.now += seconds
        self.service.run_once()

    def counted(self, name: str) -> int:
        return self.status.total(name)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckStore]:
    data = tmp_path_factory.mktemp("store")
    journal_fleet(data, FLEET.requests())
    opened = open_store(data)
    loader_of(data, opened).run_once()
    yield opened
    opened.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, alert_digest="never")


@pytest.fixture
def rigs(store: DuckStore) -> Iterator[list[Rig]]:
    made: list[Rig] = []
    yield made
    for rig in made:
        rig.gate.stop()


def rig_of(rigs: list[Rig], store: DuckStore, settings: Settings, **changes: object) -> Rig:
    rigs.append(Rig(store, replace(settings, **changes)))  # type: ignore[arg-type]
    return rigs[-1]


def test_an_incident_is_sent_once_also_over_a_restart(store: DuckStore, settings: Settings, rigs: list[Rig]) -> None:
    with CaptureServer() as server:
        rig = rig_of(rigs, store, settings, alert_webhooks=(f"generic:{server.url}/hook",))
        rig.status.set_gauge("disk_low", 1)
        rig.turn()
        rig.turn()
        rig.restarted()
        rig.turn()
        assert [json.loads(request.body)["rule"] for request in server.requests] == ["disk"]
        assert rig.counted("alerts_sent") == 1
        [entry] = rig.service.entries()
        assert (entry.rule, entry.end, entry.sent) == ("disk", None, "1 of 1")
        shown = rig.status.alerts_revision
        rig.turn()
        assert rig.status.alerts_revision == shown, "pages stand as long as nothing changes"
        assert rig.status.gauge("alerts_open_disk") == 1
        rig.status.set_gauge("disk_low", 0)
        rig.turn()
        [entry] = rig.service.entries()
        assert entry.end == "2026-11-24 02:40"
        assert rig.status.alerts_revision == shown + 1
        assert rig.status.gauge("alerts_open_disk") == 0


def test_a_failed_delivery_is_repeated_later_and_later_and_given_up_in_the_end(
    store: DuckStore, settings: Settings, rigs: list[Rig], caplog: pytest.LogCaptureFixture
) -> None:
    with CaptureServer(500) as server:
        webhooks = (f"slack:{server.url}/services/secret-path",)
        rig = rig_of(rigs, store, settings, alert_webhooks=webhooks, alert_seconds=float(400 * DAY))
        rig.status.set_gauge("disk_low", 1)
        rig.turn(1)
        assert len(server.requests) == 1
        rig.turn(59)
        assert len(server.requests) == 1
        rig.turn(1)
        assert len(server.requests) == 2
        rig.restarted()
        rig.turn(119)
        assert len(server.requests) == 2
        for _ in range(40):
            rig.turn(3 * HOUR)
        assert len(server.requests) == MAX_ATTEMPTS
        assert rig.counted("alerts_failed") == MAX_ATTEMPTS
        assert rig.service.entries()[0].sent == "0 of 1"
        assert "secret-path" not in caplog.text
        assert "given up" in caplog.text


def test_one_channel_that_fails_keeps_no_other_waiting(store: DuckStore, settings: Settings, rigs: list[Rig]) -> None:
    with CaptureServer(503) as broken, CaptureServer() as whole, MailServer() as mails:
        rig = rig_of(
            rigs,
            store,
            settings,
            alert_webhooks=(f"discord:{broken.url}", f"mattermost:{whole.url}"),
            alert_mail_to=("a@example.org", "b@example.org"),
            alert_mail_server=f"smtp+plain://127.0.0.1:{mails.port}",
        )
        rig.status.set_gauge("disk_low", 1)
        rig.turn()
        broken.status = 200
        rig.turn()
        assert (len(broken.requests), len(whole.requests), len(mails.messages)) == (2, 1, 2)
        assert mails.receivers == ["a@example.org", "b@example.org"]
        assert len({mail["Message-ID"] for mail in mails.messages}) == 1


def test_nothing_is_sent_while_it_can_t_be_noted(
    store: DuckStore, settings: Settings, rigs: list[Rig], caplog: pytest.LogCaptureFixture
) -> None:
    with CaptureServer() as server:
        rig = rig_of(rigs, store, settings, alert_webhooks=(f"generic:{server.url}",))
        (settings.data / "alerts.json.tmp").mkdir()
        rig.status.set_gauge("disk_low", 1)
        rig.turn()
        assert server.requests == []
        assert "nothing is sent meanwhile" in caplog.text
        (settings.data / "alerts.json.tmp").rmdir()
        rig.turn()
        assert len(server.requests) == 1


def test_a_store_that_can_t_answer_ends_no_incident(store: DuckStore, settings: Settings, rigs: list[Rig]) -> None:
    rig = rig_of(rigs, store, settings, alert_rules=("no-events:1",))
    rig.now = float(FLEET.end + 13 * HOUR)
    rig.service._started = FLEET.end
    rig.turn()
    assert [entry.rule for entry in rig.service.entries()] == ["no-events"]
    rig.gate.stop()
    rig.turn()
    assert rig.counted("alerts_not_judged") == 1
    assert rig.service.entries()[0].end is None


def test_the_digest_is_sent_once_for_its_week(store: DuckStore, settings: Settings, rigs: list[Rig]) -> None:
    with CaptureServer() as server, MailServer() as mails:
        rig = rig_of(
            rigs,
            store,
            settings,
            alert_digest="tuesday",
            alert_webhooks=(f"generic:{server.url}", f"slack:{server.url}"),
            alert_mail_to=("ops@example.org",),
            alert_mail_server=f"smtp+plain://127.0.0.1:{mails.port}",
        )
        rig.turn()
        assert server.requests == []
        rig.now = float(FLEET.end + 8 * HOUR)
        for _ in range(3):
            rig.turn()
            rig.restarted()
        generic, slack = [json.loads(request.body) for request in server.requests]
        assert (generic["kind"], generic["id"]) == ("digest", "digest-dot-ai-2026-11-24")
        assert generic["report"]["start"][:10] == "2026-11-17"
        assert "the week from 2026-11-17 to 2026-11-23" in slack["text"]
        [mail] = mails.messages
        part = mail.get_body(("html",))
        assert part is not None
        assert "<table" in part.get_content()
        rig.turn(7 * DAY)
        assert rig.counted("alerts_not_judged") == 0
        assert [json.loads(each.body)["id"] for each in server.requests[2:3]] == ["digest-dot-ai-2026-12-01"]


def test_a_clock_that_is_set_back_stops_no_rule_and_no_delivery(
    store: DuckStore, settings: Settings, rigs: list[Rig]
) -> None:
    with CaptureServer(500) as server:
        rig = rig_of(rigs, store, settings, alert_webhooks=(f"generic:{server.url}",))
        rig.now += 400 * DAY
        rig.status.set_gauge("disk_low", 1)
        rig.turn()
        server.status = 200
        rig.turn(-400 * DAY)
        assert rig.counted("alerts_sent") == 1
