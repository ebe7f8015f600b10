"""The state of sending, in `ship.json` of the state directory: totals and back-off, shared by all processes on it."""

import os
from collections.abc import Mapping

import msgspec

from ..runtime import Counters, read_json, write_json
from .wire import MAX_RETRY_AFTER_SECONDS

STATE_FILE = "ship.json"


class SendState(msgspec.Struct):
    """Totals of sent and dropped events, and when the next attempt is due. The fields are the keys of the file.

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

    @classmethod
    def read(cls, directory: str | None) -> "SendState":
        """Read the file; one that is missing or invalid gives the initial state."""
        if directory is None:
            return cls()
        try:
            return msgspec.convert(read_json(os.path.join(directory, STATE_FILE)), cls)
        except msgspec.ValidationError:
            return cls()

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

    def __init__(self, directory: str | None, counters: Counters) -> None:
        self._directory = directory
        self._counters = counters
        self._unwritten: SendState | None = SendState() if directory is None else None

    def read(self) -> SendState:
        """The state without the counts of this process since it was last written."""
        return self._unwritten or SendState.read(self._directory)

    def write(self, state: SendState) -> None:
        """Add this process's counts, and write."""
        state.add(*self._counters.pop())
        state.add_notes(self._counters.pop_notes())
        written = self._directory is not None and write_json(
            os.path.join(self._directory, STATE_FILE), msgspec.to_builtins(state)
        )
        self._unwritten = None if written else state
