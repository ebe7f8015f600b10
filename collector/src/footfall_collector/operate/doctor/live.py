"""The doctor inside of a running collector: the command `examine` of its control socket."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from ...admit import Admission
from ...answer import Answers, BusyError, ReadGate
from ...receive import Gate, WriteKeys
from ...runtime import Command, Settings, Status, __version__
from ...store import StoreError
from .arrivals import host_checks, live_key_checks, proxy_check, refusal_checks
from .check import Check, action, note, ok
from .clocks import senders_clock_check
from .data_files import disk_checks, permission_checks
from .other_check import other_checks
from .settings_check import settings_checks

LAG_SECONDS = 60.0
_TODO_OF_ALARMS = {
    "journal_failing": ("store", "free disk space and check the disk; senders keep their events and retry"),
    "loader_failing": ("store", "free disk space and check the disk; the log says why; events wait in the journal"),
    "store_damaged": ("store", "check the disk; `footfall-collector verify` says what helps; then delete DATA/damaged"),
    "events_lost": ("store", "`footfall-collector verify` says what is lost; put it back, or give it up"),
    "retention_waiting": ("retention", "`footfall-collector retain` says why; set the clock, or `retain --confirm`"),
    "key_alarm": ("keys", "look for a sender that repeats itself; rotate the key if strangers use it"),
}
"""The check that an alarm belongs to, and what to do."""
_IN_OTHER_CHECKS = ("disk_low", "disk_quota_reached", "proxy_untrusted")


@dataclass(frozen=True)
class ExaminedCollector:
    """The parts of a running collector that are looked at. `started`: epoch seconds."""

    settings: Settings
    status: Status
    answers: Answers
    read_gate: ReadGate
    gate: Gate
    keys: WriteKeys
    admission: Admission
    started: float


def examine_command(collector: ExaminedCollector) -> Command:
    """The command `examine`: `{"version", "started" (epoch seconds), "checks": [{"id", "level", "text", "todo"}]}`."""

    def examine() -> dict[str, Any]:
        checks = msgspec.to_builtins(list(_checks(collector)))
        return {"version": __version__, "started": collector.started, "checks": checks}

    return examine


def _checks(collector: ExaminedCollector) -> Iterator[Check]:
    settings, status = collector.settings, collector.status
    yield from settings_checks(settings)
    yield from disk_checks(settings, status.gauge("disk_quota_reached"))
    yield from permission_checks(settings.data)
    yield senders_clock_check(list(collector.admission.recent_skews.copy()))
    yield proxy_check(collector.gate, settings)
    yield from host_checks(collector.gate)
    yield from live_key_checks(collector.keys, status, settings)
    yield from refusal_checks(status)
    yield _lag_check(status)
    yield from _store_checks(status)
    yield from _reader_checks(status)
    try:
        yield from collector.read_gate.answer(lambda: other_checks(collector.answers))
    except (StoreError, BusyError):
        yield note("other", "the store does not answer at the moment", "try again later")


def _lag_check(status: Status) -> Check:
    store, disk = status.gauge("loader_lag_seconds"), status.gauge("journal_lag_seconds")
    waiting = int(status.gauge("journal_waiting_bytes"))
    text = f"the store is {store:.0f} s behind ({waiting:,} bytes wait), and the disk takes {disk:.2f} s for a request"
    if max(store, disk) <= LAG_SECONDS:
        return ok("lag", text)
    return action("lag", text, "look for a slow disk or a busy processor, and at `store` below; raise store_memory")


def _store_checks(status: Status) -> list[Check]:
    findings = []
    for alarm in status.alarms():
        if alarm.name in _IN_OTHER_CHECKS:
            continue
        check, todo = _TODO_OF_ALARMS.get(alarm.name, (alarm.name, "see the log, and `Health and alarms` in the docs"))
        findings.append(action(check, alarm.sentence, todo))
    findings += [action("store", sentence, "see the sentence; `verify` repeats it") for sentence in status.damage]
    if damaged := status.total("journal_lines_damaged"):
        findings.append(action("store", f"{damaged} lines of the journal are damaged", "check the disk and the memory"))
    if not any(check.id == "store" for check in findings):
        findings.append(ok("store", f"it takes events; {status.total('events_stored'):,} stored since the start"))
    return findings


def _reader_checks(status: Status) -> list[Check]:
    failed, refused = status.total("answers_failed"), status.total("questions_refused")
    if not failed + refused:
        return []
    text = f"{failed} questions of readers failed, and {refused} were refused since the start"
    return [note("readers", text, "see the log; ask for shorter ranges, or give the collector more processors")]
