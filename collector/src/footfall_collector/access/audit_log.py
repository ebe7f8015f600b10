"""The audit log: who changed what on a collector, in DATA/audit.json for 90 days.

An entry has the command with the names that it is about. It has no address, no secret and no instance ID.
"""

import logging
import time
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import msgspec

from ..runtime import Command, SharedFile, utc_stamp

AUDIT_FILE = "audit.json"
KEPT_DAYS = 90
COMMAND_LINE, SIGNED_IN = "command line", "signed in"
_MAX_ENTRIES = 10_000
_CHANGES = frozenset(
    {
        "annotations_add",
        "annotations_remove",
        "export",
        "forget",
        "hold",
        "keys_add",
        "keys_restore",
        "keys_revoke",
        "keys_rotate",
        "links_add",
        "links_revoke",
        "rebuild",
        "restore_month",
        "retain",
        "segments_delete",
        "segments_rename",
        "segments_save",
        "tokens_add",
        "tokens_revoke",
        "unforget",
    }
)
"""Commands that change something, or copy the events; all others only read."""
_MEANING = {"hold": "backup"}
"""What a command is in the log, where its name says less: the store is held for a backup."""
_SHOWN = ("id", "at", "name", "key", "old", "new", "product", "scope", "days", "month", "confirm")
"""Arguments that an entry repeats. An instance ID is not among them."""

_log = logging.getLogger(__name__)


class AuditLogError(Exception):
    """The file can't be used; the message says what to do."""


class AuditEntry(msgspec.Struct, frozen=True):
    """One action.

    Attributes:
        at: RFC 3339, UTC.
        who: `command line`, `signed in` for a reader with the sign-in secret, `token NAME`, `GitHub` for a delivery, or
            `this machine` where no sign-in is needed.
    """

    at: str
    who: str
    what: str


class AuditFile(msgspec.Struct):
    version: int = 1
    entries: list[AuditEntry] = []


class AuditLog:
    """The log of a data directory. A file that can't be used stops no action: one log line says so."""

    def __init__(self, data: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._file = SharedFile(data / AUDIT_FILE, AuditFile, AuditLogError, time.monotonic)

    def entries(self) -> list[AuditEntry]:
        """The actions of the last 90 days, the oldest first."""
        try:
            self._file.refresh()
        except AuditLogError as error:
            _log.error("audit: %s", error)
            return []
        oldest = utc_stamp(self._clock() - KEPT_DAYS * 86_400)
        return [entry for entry in self._file.content.entries if entry.at >= oldest]

    def note(self, who: str, what: str) -> None:
        """Write down an action that was carried out."""
        self._replace([AuditEntry(utc_stamp(self._clock()), who, what)])

    def prune(self) -> None:
        """Delete entries that are older than 90 days from the disk."""
        current = self.entries()
        if len(current) != len(self._file.content.entries):
            self._replace([])

    def _replace(self, added: list[AuditEntry]) -> None:
        try:
            with self._file.locked():
                # Read within the lock; what can't be read is not overwritten.
                self._file.refresh()
                self._file.replace(AuditFile(entries=[*self.entries(), *added][-_MAX_ENTRIES:]))
        except (AuditLogError, OSError) as error:
            _log.error("audit: an entry can't be written (%s)", error)


def note_command(data: Path, what: str) -> None:
    """Write down what the command line did to a data directory by itself, without a command of the collector."""
    AuditLog(data).note(COMMAND_LINE, what)


def audited(commands: Mapping[str, Command], log: AuditLog, who: str = COMMAND_LINE) -> dict[str, Command]:
    """The same commands; those that change something are noted once they were carried out."""
    return {
        name: _noted(name, command, log, who) if name in _CHANGES else command for name, command in commands.items()
    }


def _noted(name: str, command: Command, log: AuditLog, who: str) -> Command:
    @wraps(command)
    def run(**arguments: Any) -> Any:
        result = command(**arguments)
        shown = [f"{key} {arguments[key]}" for key in _SHOWN if arguments.get(key) not in (None, "", False)]
        log.note(who, " ".join([_MEANING.get(name, name.replace("_", " ")), *shown]))
        return result

    return run
