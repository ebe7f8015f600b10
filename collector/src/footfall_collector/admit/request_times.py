"""What the events of one request share, and their times."""

from collections import defaultdict
from dataclasses import dataclass, field

from .times import corrected, epoch_of

_LONGEST_AGE_MS = 1e12


Counts = defaultdict[str, int]
"""How many, by reason. Made for every request, and a Counter takes four times as long to make."""


def counts() -> Counts:
    """None of anything."""
    return defaultdict(int)


@dataclass(slots=True)
class RequestTimes:
    """What the events of one request share: when they came (epoch seconds), and our clock minus the sender's.

    `equal_events` counts the events without a UUID by the hash of their bytes.
    """

    received: float
    skew: float
    dropped: Counts
    times: dict[str, str] = field(default_factory=dict)
    equal_events: dict[bytes, int] = field(default_factory=dict)

    def time_of(self, stamp: object, offset: object) -> str:
        """The times of an event as a fragment. Events of one batch often share their second: each is read once."""
        if type(stamp) is not str:
            return self._fragment(None, offset)
        known = self.times.get(stamp)
        if known is not None:
            return known
        epoch = epoch_of(stamp)
        fragment = self._fragment(epoch, offset)
        if epoch is not None:
            self.times[stamp] = fragment
        return fragment

    def known_time(self, stamp: str) -> str | None:
        """The same for a stamp that is a time; None for any other text."""
        self.time_of(stamp, None)
        return self.times.get(stamp)

    def _fragment(self, stamp: float | None, offset: object) -> str:
        # PostHog's protocol: an age in milliseconds stands in for a time. Counting it back from `sent_at` gives the
        # same time when the same request is sent again.
        if stamp is None and isinstance(offset, (int, float)) and 0 <= offset < _LONGEST_AGE_MS:
            stamp = self.received - self.skew - offset / 1000
        ts, sent = corrected(stamp, self.received, self.skew)
        return f'","ts":{ts},"sent":{sent}'
