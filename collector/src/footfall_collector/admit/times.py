"""Clock correction: the time of an event by the collector's clock."""

from datetime import UTC, datetime
from functools import lru_cache

_DAY_SECONDS = 86_400
MAX_AGE_SECONDS = 30 * _DAY_SECONDS
"""The oldest time of an event before now. Footfall's client keeps unsent events for so long, and drops older ones.

An older event is admitted with this time: nothing is lost, and nobody can change earlier days, or test them.
"""
_FRESH_SECONDS = 3600
_LATEST_STAMP = 4_102_444_800  # 2100-01-01; larger times don't fit every store
_MAX_STAMP_CHARACTERS = 40
_RECENT_STAMPS = 1024
"""Kept with their epoch: requests of the same second mostly say the same times."""


def epoch_of(stamp: object) -> float | None:
    """Seconds since 1970 of an RFC 3339 time; without an offset it is UTC. None for anything else."""
    return _epoch_of(stamp) if type(stamp) is str and len(stamp) <= _MAX_STAMP_CHARACTERS else None


@lru_cache(_RECENT_STAMPS)
def _epoch_of(stamp: str) -> float | None:
    try:
        moment = datetime.fromisoformat(stamp)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None


def is_late(ts: int, received: float) -> bool:
    """Whether an event comes on a later UTC day than it happened, and more than an hour after it.

    A sender chooses the times of its events: in one request it would be seen on many days.
    """
    return received - ts > _FRESH_SECONDS and ts // _DAY_SECONDS != received // _DAY_SECONDS


def corrected(stamp: float | None, received: float, skew: float, max_age: float = MAX_AGE_SECONDS) -> tuple[int, int]:
    """(`ts`, `sent`), whole seconds: the time of the event by the collector's clock, and as the client stamped it.

    `skew` is the collector's clock minus the client's. `ts` is at most `max_age` seconds ago; `sent` is the same on a
    retry.
    """
    if stamp is None:
        now = int(received)
        return now, now
    happened = stamp + skew
    if happened > received:
        happened = received
    elif happened < received - max_age:
        happened = received - max_age
    return int(happened), int(min(max(stamp, 0.0), _LATEST_STAMP))
