"""The state of sending, in `ship.json` of the state directory: totals and back-off, shared by all processes on it.

The back-off belongs to one destination: where the host or the key is corrected, the new one is tried at once, and the
old one's wait stays its own.
"""

import os
from collections.abc import Mapping

import msgspec

from ..runtime import Counters, read_json, write_json
from .wire import MAX_RETRY_AFTER_SECONDS

STATE_FILE = "ship.json"
MAX_DESTINATIONS = 8


def destination_id(host: str, key: str) -> str:
    """Names a destination in the file, from which neither host nor key can be read: 16 hex digits."""
    import hashlib

    return hashlib.sha256(f"footfall/destination/v1\0{host.rstrip('/')}\0{key}".encode()).hexdigest()[:16]


class BackOff(msgspec.Struct):
    """The attempts at one destination; see `SendState`."""

    next_try: float = 0.0
    tried: float = 0.0
    failures: int = 0
    last_error: str = ""


class _StateFile(msgspec.Struct):
    """The content of the file."""

    sent: int = 0
    dropped: dict[str, int] = msgspec.field(default_factory=dict)
    notes: dict[str, int] = msgspec.field(default_factory=dict)
    last_sent: float = 0.0
    durability: str = ""
    destinations: dict[str, BackOff] = msgspec.field(default_factory=dict)


class SendState(msgspec.Struct):
    """Totals of sent and dropped events, and when the next attempt at one destination is due.

    Attributes:
        next_try: when the next attempt is due, epoch seconds; 0 for at once.
        tried: when `next_try` was decided, epoch seconds.
        failures: failed attempts since the last success.
        sent: events acknowledged by the server.
        dropped: events by reason (see DROP_REASONS).
        notes: calls and connections by note (see NOTES).
        last_error: why the last attempt failed; empty after a success.
        last_sent: epoch seconds, 0 for never.
        durability: a sentence while durability is weaker than usual, else empty.
        destination: whose attempts these are; see `destination_id`.
        others: the attempts at other destinations.
    """

    next_try: float = 0.0
    tried: float = 0.0
    failures: int = 0
    sent: int = 0
    dropped: dict[str, int] = msgspec.field(default_factory=dict)
    notes: dict[str, int] = msgspec.field(default_factory=dict)
    last_error: str = ""
    last_sent: float = 0.0
    durability: str = ""
    destination: str = ""
    others: dict[str, BackOff] = msgspec.field(default_factory=dict)

    @classmethod
    def read(cls, directory: str | None, destination: str) -> "SendState":
        """Read the file; one that is missing or invalid gives the initial state."""
        stored = _StateFile()
        if directory is not None:
            try:
                stored = msgspec.convert(read_json(os.path.join(directory, STATE_FILE)), _StateFile)
            except msgspec.ValidationError:
                pass  # damaged: the totals begin again
        own = stored.destinations.pop(destination, BackOff())
        return cls(
            next_try=own.next_try,
            tried=own.tried,
            failures=own.failures,
            sent=stored.sent,
            dropped=stored.dropped,
            notes=stored.notes,
            last_error=own.last_error,
            last_sent=stored.last_sent,
            durability=stored.durability,
            destination=destination,
            others=stored.destinations,
        )

    def to_file(self) -> dict[str, object]:
        """The content of the file."""
        own = BackOff(self.next_try, self.tried, self.failures, self.last_error)
        others = sorted(self.others.items(), key=lambda item: item[1].tried)[1 - MAX_DESTINATIONS :]
        destinations = {**dict(others), self.destination: own}
        stored = _StateFile(self.sent, self.dropped, self.notes, self.last_sent, self.durability, destinations)
        built: dict[str, object] = msgspec.to_builtins(stored)
        return built

    def seconds_to_wait(self, now: float) -> float:
        """Seconds until the next attempt, 0 for at once."""
        left = self.next_try - now
        return left if 0 < left <= MAX_RETRY_AFTER_SECONDS else 0.0

    def follow_clock(self, now: float) -> bool:
        """Where the clock was set back since the last attempt, keep the wait as long as it was; whether it was set."""
        if now >= self.tried:
            return False
        self.next_try += now - self.tried
        self.tried = now
        return True

    def add(self, sent: int, dropped: Mapping[str, int]) -> None:
        """Add a process's counts to the totals."""
        self.sent += sent
        for reason, count in dropped.items():
            self.dropped[reason] = self.dropped.get(reason, 0) + count

    def add_notes(self, notes: Mapping[str, int]) -> None:
        """Add a process's notes to the totals."""
        for note, count in notes.items():
            self.notes[note] = self.notes.get(note, 0) + count


class SendStateFile:
    """Reads and writes the file. A state that can't be written is remembered, so that a full disk forgets no back-off.

    Used by the one process that holds the sending lock.
    """

    def __init__(self, directory: str | None, destination: str, counters: Counters) -> None:
        self._directory = directory
        self._destination = destination
        self._counters = counters
        self._unwritten: SendState | None = SendState() if directory is None else None

    def read(self) -> SendState:
        """The state without the counts of this process since it was last written."""
        return self._unwritten or SendState.read(self._directory, self._destination)

    def write(self, state: SendState) -> None:
        """Add this process's counts, and write."""
        state.add(*self._counters.pop())
        state.add_notes(self._counters.pop_notes())
        written = self._directory is not None and write_json(os.path.join(self._directory, STATE_FILE), state.to_file())
        self._unwritten = None if written else state
