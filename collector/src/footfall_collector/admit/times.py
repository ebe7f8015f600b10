"""When an event happened, by the collector's clock."""

from datetime import UTC, datetime

OLDEST_SECONDS = 60 * 86_400
"""How far back an event may lie: the client keeps what it could not send for 30 days."""
_LATEST_STAMP = 4_102_444_800  # 2100-01-01: whatever a client's clock says, it fits every store
_LONGEST_STAMP = 40


def epoch_of(stamp: object) -> float | None:
    """Seconds since 1970 of an RFC 3339 time; without an offset it is UTC. None where it is no such time."""
    if type(stamp) is not str or len(stamp) > _LONGEST_STAMP:
        return None
    try:
        moment = datetime.fromisoformat(stamp)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None


def corrected(stamp: float | None, received: float, skew: float) -> tuple[int, int]:
    """(`ts`, `sent`), whole seconds: when the event happened by our clock, and as the client stamped it.

    `skew` is our clock minus the client's. `ts` lies within the last 60 days; `sent` does not move on a retry.
    """
    if stamp is None:
        now = int(received)
        return now, now
    happened = stamp + skew
    if happened > received:
        happened = received
    elif happened < received - OLDEST_SECONDS:
        happened = received - OLDEST_SECONDS
    return int(happened), int(min(max(stamp, 0.0), _LATEST_STAMP))
