"""The times of the events of one request, by the collector's clock."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence

import msgspec

from .times import MAX_AGE_SECONDS, corrected, epoch_of, is_late

DAY_LATE = ',"day_late":true'
"""In the line of an event whose day does not count for its instance's standing."""
DAY_OVER_BUDGET = ',"day_over_budget":true'
"""In the line of an event whose day does not count either, because its sender brings too many instances."""
_MAX_AGE_MS = 1e12

_MAX_VERSION = 64
Misfits = defaultdict[tuple[str, str], int]
"""(Subject, version) to the number of events."""
Counts = defaultdict[str, int]
"""Numbers by reason. Made for every request; a Counter takes four times as long to make."""


class Marks(dict[str, str]):
    """What the lines of a peer's instances carry, by `distinct_id`: `DAY_OVER_BUDGET`, or nothing as here."""

    def add(self, distinct_id: str, instance: str) -> str:
        """The mark of an instance that has none yet; `instance` is the part of its lines about it."""
        del instance
        mark = self[distinct_id] = ""
        return mark


MarksOf = Callable[[str, str], Marks]
"""From a product and a peer to its marks."""


def no_marks(_product: str, _peer: str) -> Marks:
    return Marks()


def no_counts() -> Counts:
    return defaultdict(int)


def no_misfits() -> Misfits:
    return defaultdict(int)


class RequestTimes(msgspec.Struct, gc=False):
    """The state that the events of one request share.

    Attributes:
        received: epoch seconds by the collector's clock.
        skew: the collector's clock minus the sender's, seconds.
        dropped: properties by reason.
        peer: the name of the sender's address; see `receive.limits.peers`.
        marks: of the peer's instances.
        max_age: the oldest time of an event, seconds before `received`.
        fragments: timestamp as sent to its part of a journal line; events of a batch often share their second.
        events: all events of the request, raw.
        position: the index of the event that is being admitted.
        members: the colons of events that have many.
        misfits: what does not fit the catalogue, with the sender's version as it was sent, to its number.
    """

    received: float
    skew: float
    dropped: Counts
    peer: str = ""
    marks: Marks = msgspec.field(default_factory=Marks)
    max_age: float = MAX_AGE_SECONDS
    fragments: dict[str, str] = {}
    events: Sequence[msgspec.Raw] = ()
    position: int = 0
    members: int = 0
    misfits: Misfits = msgspec.field(default_factory=no_misfits)
    _digest: bytes = b""

    def mark_of(self, distinct_id: str, instance: str) -> str:
        """The mark in the lines of an instance; see `Marks.add`."""
        mark = self.marks.get(distinct_id)
        return self.marks.add(distinct_id, instance) if mark is None else mark

    def note_misfit(self, subject: str, version: object) -> None:
        """Count something of an event that does not fit the catalogue; see `misfits`."""
        self.misfits[subject, version if type(version) is str and len(version) <= _MAX_VERSION else ""] += 1

    def content_digest(self) -> bytes:
        """The hash of all events of the request: a retry has the same."""
        if not self._digest:
            digest = hashlib.sha256()
            for event in self.events:
                digest.update(b"%d:" % len(event))
                digest.update(bytes(event))
            self._digest = digest.digest()
        return self._digest

    def time_fragment(self, stamp: object, offset: object) -> str:
        """The part of a journal line with the times of an event."""
        if type(stamp) is not str:
            return self._fragment(None, offset)
        cached = self.fragments.get(stamp)
        if cached is not None:
            return cached
        epoch = epoch_of(stamp)
        fragment = self._fragment(epoch, offset)
        if epoch is not None:
            self.fragments[stamp] = fragment
        return fragment

    def valid_time_fragment(self, stamp: str) -> str | None:
        """The same for an RFC 3339 time; None for any other text. The caller keeps it for events of the same second."""
        epoch = epoch_of(stamp)
        return None if epoch is None else self._fragment(epoch, None)

    def _fragment(self, stamp: float | None, offset: object) -> str:
        # PostHog's protocol: an `offset`, the age in milliseconds, replaces a missing time. Counted back from `sent_at`
        # it gives the same time when the same request is sent again.
        if stamp is None and isinstance(offset, (int, float)) and 0 <= offset < _MAX_AGE_MS:
            stamp = self.received - self.skew - offset / 1000
        ts, sent = corrected(stamp, self.received, self.skew, self.max_age)
        late = DAY_LATE if is_late(ts, self.received) else ""
        return f'","ts":{ts},"sent":{sent}{late}'
