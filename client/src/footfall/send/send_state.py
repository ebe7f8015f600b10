"""How sending goes, in `ship.json` of the state directory: totals and back-off, shared by all processes on it."""

import os
from collections.abc import Mapping

import msgspec

from ..runtime import Counters, read_json, write_json

FILE = "ship.json"
MOST_WAIT_SECONDS = 86_400.0
"""The longest wait that a server can ask for."""


class Progress(msgspec.Struct):
    """What was sent and dropped so far, and when the next try is due.

    Attributes:
        next_try: epoch seconds, 0 for at once.
        tried: when `next_try` was decided on, epoch seconds.
        failures: tries that failed since the last success.
        sent: events acknowledged by the server.
        dropped: events by reason (see counters.DROP_REASONS).
        last_error: why the last try failed; empty after a success.
        last_sent: epoch seconds, 0 for never.
        durability: a sentence while durability is weaker than usual, else empty.
    """

    next_try: float = 0.0
    tried: float = 0.0
    failures: int = 0
    sent: int = 0
    dropped: dict[str, int] = msgspec.field(default_factory=dict)
    last_error: str = ""
    last_sent: float = 0.0
    durability: str = ""

    @classmethod
    def read(cls, directory: str | None) -> "Progress":
        """Read what is there; anything that is not as it should be counts as never written."""
        if directory is None:
            return cls()
        try:
            return msgspec.convert(read_json(os.path.join(directory, FILE)), cls)
        except msgspec.ValidationError:
            return cls()

    def wait(self, now: float) -> float:
        """Seconds until the next try, 0 for at once."""
        left = self.next_try - now
        return left if 0 < left <= MOST_WAIT_SECONDS else 0.0

    def rebase(self, now: float) -> bool:
        """Keep the wait as long as it was where the clock was moved back since; whether it was."""
        if now >= self.tried:
            return False
        self.next_try += now - self.tried
        self.tried = now
        return True

    def add(self, sent: int, dropped: Mapping[str, int]) -> None:
        """Add what a process counted to the totals."""
        self.sent += sent
        for reason, count in dropped.items():
            self.dropped[reason] = self.dropped.get(reason, 0) + count


class ProgressFile:
    """Reads and writes the file. What can't be written is remembered, so that a full disk forgets no back-off.

    Used by the one process that holds the sending lock.
    """

    def __init__(self, directory: str | None, counters: Counters) -> None:
        self._directory = directory
        self._counters = counters
        self._unwritten: Progress | None = Progress() if directory is None else None

    def read(self) -> Progress:
        """The progress so far, without what this process counted since it was last written."""
        return self._unwritten or Progress.read(self._directory)

    def write(self, progress: Progress) -> None:
        """Add what this process counted, and write."""
        progress.add(*self._counters.take())
        written = self._directory is not None and write_json(
            os.path.join(self._directory, FILE), msgspec.to_builtins(progress)
        )
        self._unwritten = None if written else progress
