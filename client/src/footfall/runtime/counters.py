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
    "memory": "the process ended while the event waited in memory, without a usable state directory",
    "internal": "an error of Footfall's own",
}
"""Every reason for which an event can be dropped, with its meaning."""

NOTES = {
    "unnamed_tool": "calls of tools that no code registered, or that do not exist, are recorded as `other`; "
    "pass the names to telemetry.register_tools(…) or instrument(…, tools=…)",
    "unlisted_client": "calls and connections of clients that are in no vocabulary are recorded as `other`; "
    "Product(client_names=…) adds names",
    "uncounted_call": "calls are not counted, because they did not come through the instrumented server; "
    "instrument the server that is served, not one that is mounted in it, or use telemetry.tool(…)",
    "failed_properties": "calls of the function for extra properties raised an exception or returned no dict; "
    "the events are recorded without these properties",
    "slow_properties": "calls of the function for extra properties took longer than 10 ms; "
    "where it is slow again and again, the process does not call it any more",
    "unknown_property": "events had an extra property that no ExtraProperties of the catalogue names; it is left out",
    "inadmissible_property": "events had an extra property with a value that its kind does not admit; it is left out",
}
"""What was recorded with less than it could say, or not at all, with what to do. No event is lost."""


class Counters:
    """Events since the totals on disk were last written. Safe from any thread and from signal handlers."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start from zero, as a forked child does: the counts so far are its parent's, and so is the lock."""
        # Re-entrant: a signal handler that records may interrupt a count on the same thread.
        self._lock = threading.RLock()
        self.dropped: dict[str, int] = {}
        self.notes: dict[str, int] = {}
        self.sent = 0

    def drop(self, reason: str, count: int = 1) -> None:
        """Count `count` events that will never be sent; `reason` is a key of DROP_REASONS."""
        if count:
            with self._lock:
                self.dropped[reason] = self.dropped.get(reason, 0) + count

    def note(self, note: str) -> None:
        """Count something that the operator can improve; `note` is a key of NOTES."""
        with self._lock:
            self.notes[note] = self.notes.get(note, 0) + 1

    def add_sent(self, count: int) -> None:
        """Count events that the server acknowledged."""
        with self._lock:
            self.sent += count

    @property
    def pending(self) -> bool:
        """Whether there are counts that `pop` has not returned yet."""
        return bool(self.sent or self.dropped or self.notes)

    def pop_notes(self) -> dict[str, int]:
        """Return the notes, and start from zero."""
        with self._lock:
            notes, self.notes = self.notes, {}
            return notes

    def pop(self) -> tuple[int, dict[str, int]]:
        """Return the counts as (sent, dropped by reason), and start from zero."""
        with self._lock:
            counts = self.sent, self.dropped
            self.sent, self.dropped = 0, {}
            return counts
