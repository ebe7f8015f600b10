"""Counts of what was accepted, sent and dropped in this process, by reason. Nothing is lost without being counted."""

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
    """Numbers since the process began. Safe from any thread and from signal handlers."""

    def __init__(self) -> None:
        # Re-entrant: a signal handler that records may interrupt a count on the same thread.
        self.reset()

    def reset(self) -> None:
        """Begin anew, as a forked child does: the numbers so far are its parent's, and so is the lock."""
        self._lock = threading.RLock()
        self.dropped: dict[str, int] = {}
        self.sent = 0

    def drop(self, reason: str, count: int = 1) -> None:
        """Count `count` events that will never be sent; `reason` is a key of DROP_REASONS."""
        if count:
            with self._lock:
                self.dropped[reason] = self.dropped.get(reason, 0) + count

    def deliver(self, count: int) -> None:
        """Count events that the server acknowledged."""
        with self._lock:
            self.sent += count

    @property
    def any(self) -> bool:
        """Whether something was counted since the last `take`."""
        return bool(self.sent or self.dropped)

    def take(self) -> tuple[int, dict[str, int]]:
        """What was counted since the last call, as (sent, dropped by reason), for the totals on disk."""
        with self._lock:
            taken = self.sent, self.dropped
            self.sent, self.dropped = 0, {}
            return taken
