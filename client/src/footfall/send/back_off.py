"""How long to wait after a failed attempt: longer after each further one, up to an hour, and never the same time."""

import random
from collections.abc import Callable

FIRST_BACK_OFF_SECONDS = 10.0
MAX_BACK_OFF_SECONDS = 3600.0
BACK_OFF_JITTER_SECONDS = 600.0
OWN_RANDOM = random.SystemRandom()  # a host may have seeded the module's own


def back_off_seconds(failures: int, jitter: Callable[[float, float], float]) -> float:
    """Seconds until the next attempt, after so many failures in a row before this one."""
    ceiling = FIRST_BACK_OFF_SECONDS * 2.0 ** min(failures, 16)
    if ceiling < MAX_BACK_OFF_SECONDS:
        return jitter(min(1.0, ceiling), ceiling)
    return MAX_BACK_OFF_SECONDS + jitter(0.0, BACK_OFF_JITTER_SECONDS)
