"""Incidents: begin, end, quiet time, bounds, and the file that keeps them."""

from pathlib import Path

import pytest

from footfall_collector.alerts.alert_file import MAX_INCIDENTS, AlertFile, AlertsContent
from footfall_collector.alerts.incidents import KEPT_SECONDS, MAX_SENT_A_DAY, note_findings
from footfall_collector.alerts.rule_options import rule_options
from footfall_collector.alerts.rules import AlertFinding
from footfall_collector.runtime import copy_path

NOW = 1_795_478_400.0
HOUR, DAY = 3600.0, 86_400.0
JUDGED = {("error-rate", "dot-ai")}


def finding(subject: str = "", sentence: str = "It fails.") -> AlertFinding:
    return AlertFinding("error-rate", "dot-ai", subject, sentence, {"rate": 0.5})


def note(content: AlertsContent, *findings: AlertFinding, now: float, judged: object = None) -> int:
    """The number of incidents that begin."""
    pairs = JUDGED if judged is None else set()
    return len(note_findings(content, findings, pairs, rule_options(()), ["a", "b"], now))


def test_an_incident_begins_once_and_ends_when_it_is_not_found_any_more() -> None:
    content = AlertsContent()
    assert note(content, finding(), now=NOW) == 1
    assert note(content, finding(sentence="It fails more."), now=NOW + HOUR) == 0
    [incident] = content.incidents
    assert (incident.begin, incident.seen, incident.end, incident.sentence) == (NOW, NOW + HOUR, None, "It fails more.")
    assert [delivery.channel for delivery in incident.deliveries] == ["a", "b"]
    assert note(content, now=NOW + 2 * HOUR) == 0
    assert incident.end == NOW + HOUR


def test_what_was_not_judged_goes_on() -> None:
    content = AlertsContent()
    note(content, finding(), now=NOW)
    note(content, now=NOW + HOUR, judged=())
    assert content.incidents[0].end is None


def test_a_recurrence_within_the_quiet_time_is_the_same_incident_and_a_later_one_is_new() -> None:
    content = AlertsContent()
    note(content, finding(), now=NOW)
    note(content, now=NOW + HOUR)
    assert note(content, finding(), now=NOW + 23 * HOUR) == 0
    assert content.incidents[0].end is None
    note(content, now=NOW + 23.5 * HOUR)
    assert note(content, finding(), now=NOW + 24 * HOUR) == 1


def test_a_stranger_can_fill_no_channel() -> None:
    content = AlertsContent()
    assert note(content, *(finding(str(number)) for number in range(50)), now=NOW) == 50
    states = [{delivery.state for delivery in each.deliveries} for each in content.incidents]
    assert states == [{"waiting"}] * MAX_SENT_A_DAY + [{"quiet"}] * (50 - MAX_SENT_A_DAY)
    assert note(content, finding("next day"), now=NOW + DAY + 1) == 1
    assert content.incidents[-1].deliveries[0].state == "waiting"


def test_what_ended_ninety_days_ago_is_forgotten() -> None:
    content = AlertsContent()
    note(content, finding(), now=NOW)
    note(content, now=NOW + HOUR)
    note(content, now=NOW + KEPT_SECONDS - 1)
    assert len(content.incidents) == 1
    note(content, now=NOW + KEPT_SECONDS + HOUR)
    assert content.incidents == []


def test_the_file_is_bounded_and_read_back(tmp_path: Path) -> None:
    content = AlertsContent()
    for number in range(MAX_INCIDENTS + 5):
        note(content, finding(str(number)), now=NOW + number, judged=())
    AlertFile(tmp_path).write(content)
    kept = AlertFile(tmp_path).read()
    assert len(kept.incidents) == MAX_INCIDENTS
    assert kept == content
    assert (tmp_path / "alerts.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", [b"", b"{", b"\x00" * 50, b'{"version": 1}', b"[" * 100_000])
def test_a_damaged_file_is_replaced_by_its_copy_and_without_one_by_nothing(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    content = AlertsContent()
    note(content, finding(), now=NOW)
    AlertFile(tmp_path).write(content)
    path = tmp_path / "alerts.json"
    path.write_bytes(damage)
    assert AlertFile(tmp_path).read() == content
    assert "its copy is used" in caplog.text
    copy_path(path).unlink()
    assert AlertFile(tmp_path).read() == AlertsContent()
    assert "may be sent once more" in caplog.text


def test_a_changed_digit_is_noticed(tmp_path: Path) -> None:
    content = AlertsContent()
    note(content, finding(), now=NOW)
    AlertFile(tmp_path).write(content)
    path = tmp_path / "alerts.json"
    path.write_bytes(path.read_bytes().replace(b"17954", b"17955", 1))
    assert AlertFile(tmp_path).read() == content
