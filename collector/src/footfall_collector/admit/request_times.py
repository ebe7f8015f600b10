"""The times of the events of one request, by the collector's clock."""

from collections import defaultdict
from dataclasses import dataclass, field

from .times import corrected, epoch_of

_MAX_AGE_MS = 1e12


Counts = defaultdict[str, int]
"""Numbers by reason. Made for every request; a Counter takes four times as long to make."""


def no_counts() -> Counts:
    return defaultdict(int)


@dataclass(slots=True)
class RequestTimes:
    """The state that the events of one request share.

    Attributes:
        received: epoch seconds by the collector's clock.
        skew: the collector's clock minus the sender's, seconds.
        dropped: properties by reason.
        fragments: timestamp as sent to its part of a journal line; events of a batch often share their second.
        equal_events: the number of events without a UUID by the hash of their bytes.
    """

    received: float
    skew: float
    dropped: Counts
    fragments: dict[str, str] = field(default_factory=dict)
    equal_events: dict[bytes, int] = field(default_factory=dict)

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
        """The same for an RFC 3339 time; None for any other text."""
        self.time_fragment(stamp, None)
        return self.fragments.get(stamp)

    def _fragment(self, stamp: float | None, offset: object) -> str:
        # PostHog's protocol: an `offset`, the age in milliseconds, replaces a missing time. Counted back from `sent_at`
        # it gives the same time when the same request is sent again.
        if stamp is None and isinstance(offset, (int, float)) and 0 <= offset < _MAX_AGE_MS:
            stamp = self.received - self.skew - offset / 1000
        ts, sent = corrected(stamp, self.received, self.skew)
        return f'","ts":{ts},"sent":{sent}'
