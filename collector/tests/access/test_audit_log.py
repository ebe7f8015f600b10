"""The audit log keeps ninety days, and stops no action where it can't be written."""

from pathlib import Path

import pytest

from collector.tests.access.test_commands import output
from collector.tests.app.http import ask, holds, post
from collector.tests.receive.shapes import batch, event
from footfall_collector.access import AuditLog, audited
from footfall_collector.access.audit_log import AUDIT_FILE, KEPT_DAYS
from tests.support.collector_process import start_collector

DAY = 86_400.0


def test_entries_are_deleted_from_the_disk_after_ninety_days(tmp_path: Path) -> None:
    now = [1_800_000_000.0]
    log = AuditLog(tmp_path, lambda: now[0])
    log.note("command line", "tokens add name first")
    now[0] += KEPT_DAYS * DAY - 1
    log.note("signed in", "tokens revoke name second")
    log.prune()
    assert [entry.what for entry in log.entries()] == ["tokens add name first", "tokens revoke name second"]
    now[0] += 2
    assert [entry.what for entry in AuditLog(tmp_path, lambda: now[0]).entries()] == ["tokens revoke name second"]
    log.prune()
    assert holds(tmp_path, "first") == []


def test_only_what_was_carried_out_is_noted_and_reading_is_not(tmp_path: Path) -> None:
    def fail(**arguments: object) -> None:
        raise ValueError("refused")

    log = AuditLog(tmp_path)
    commands = audited({"tokens_add": fail, "keys_add": lambda **_: None, "verify": lambda **_: None}, log)
    with pytest.raises(ValueError, match="refused"):
        commands["tokens_add"](name="a")
    commands["verify"]()
    commands["keys_add"](product="dot-ai", key="phc_x", instance="cluster_1")
    assert [(entry.who, entry.what) for entry in log.entries()] == [
        ("command line", "keys add key phc_x product dot-ai")
    ]


def test_actions_without_a_collector_are_noted_and_shown_by_the_next_one(tmp_path: Path) -> None:
    output("keys", "add", "phc_a_key", "--product", "dot-ai", data=tmp_path)
    output("forget", "cluster_f809cce5a77d3fbe", data=tmp_path)
    with start_collector(tmp_path) as collector:
        page = ask(collector, "GET", "/access").text
        assert '<td data-label="What">keys add key phc_a_key product dot-ai</td>' in page
        assert '<td data-label="What">forget</td>' in page
        refused = post(collector, b"revoke=x", "/access", origin="https://evil.example.org")
        assert refused.status == 403, "open on loopback, but not for pages of other sites"
    assert (tmp_path / AUDIT_FILE).stat().st_mode & 0o777 == 0o600


def test_copies_of_events_are_noted(tmp_path: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    with start_collector(data) as collector:
        assert post(collector, batch(event())).status == 200
        output("backup", str(tmp_path / "backup"), "--include-pepper", data=data)
        output("export", str(tmp_path / "events"), "--product", "dot-ai", data=data)
    output("restore", str(tmp_path / "backup"), "--confirm", data=other)
    done = {folder: [entry.what for entry in AuditLog(folder).entries()] for folder in (data, other)}
    assert done == {data: ["backup", "export product dot-ai"], other: ["restore confirm"]}


def test_a_damaged_log_stops_no_action(tmp_path: Path) -> None:
    (tmp_path / AUDIT_FILE).write_bytes(b"\x00" * 50)
    assert "fft_" in output("tokens", "add", "grafana", data=tmp_path)
    with start_collector(tmp_path) as collector:
        assert ask(collector, "GET", "/access").status == 200
        assert "audit: " in collector.output
    assert (tmp_path / AUDIT_FILE).read_bytes() == b"\x00" * 50, "what can't be read is not overwritten"
