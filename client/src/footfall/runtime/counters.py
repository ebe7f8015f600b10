"""Counts of events sent and dropped in this process, by reason. No event is lost without being counted."""

import threading

DROP_REASONS = {
    "unknown_event": "the event is not in the product's catalogue",
    "invalid": "a required property has no admissible value",
    "overflow": "the spool was full; the oldest events went first",
    "expired": "the event waited longer than 30 days",
    "corrupt": "a line in the spool could not be read",
    "refused": "the server refused this one event and took others",
    "unwritable": "neither disk nor memory had room",
    "internal": "an error of Footfall's own",
}
"""Every reason for which an event can be dropped, with its meaning."""


class Counters:
    """Events since the totals on disk were last written. Safe from any thread and from signal handlers."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start from zero, as a forked child does: the counts so far are its parent's, and so is the lock."""
        # Re-entrant: a signal handler that records may interrupt a count on the same thread.
        self._lock = threading.RLock()
        self.dropped: dict[str, int] = {}
        self.sent = 0

    def drop(self, reason: str, count: int = 1) -> None:
        """Count `count` events that will never be sent; `reason` is a key of DROP_REASONS."""
        if count:
            with self._lock:
                self.dropped[reason] = self.dropped.get(reason, 0) + count

    def add_sent(self, count: int) -> None:
        """Count events that the server acknowledged."""
        with self._lock:
            self.sent += count

    @property
    def pending(self) -> bool:
        """Whether there are counts that `pop` has not returned yet."""
        return bool(self.sent or self.dropped)

    def pop(self) -> tuple[int, dict[str, int]]:
        """Return the counts as (sent, dropped by reason), and start from zero."""
        with self._lock:
            counts = self.sent, self.dropped
            self.sent, self.dropped = 0, {}
            return counts
