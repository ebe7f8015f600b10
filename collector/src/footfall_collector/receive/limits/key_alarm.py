"""The alarm `key_alarm`: far more events than usual under one write key. It refuses nothing.

The key is public. If the key were refused, anyone who floods a collector with it would silence the whole fleet.
"""

import logging
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)
_WINDOW_SECONDS = 60.0
_LOG_SECONDS = 600.0


class KeyAlarm:
    """Counts events by write key, in windows of a minute.

    Args:
        max_per_minute: more events of one key raise the alarm; 0 for no alarm.
    """

    def __init__(self, max_per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_per_minute, self._clock = max_per_minute, clock
        # Only keys that are known, or added as the first one, come here: as many as the operator has added.
        self._counts: dict[str, int] = {}
        self._window_start = clock()
        self._raised_at = self._logged = float("-inf")

    def count(self, key: str, product: str, events: int) -> None:
        if not self._max_per_minute:
            return
        now = self._clock()
        if now - self._window_start >= _WINDOW_SECONDS:
            self._counts.clear()
            self._window_start = now
        count = self._counts[key] = self._counts.get(key, 0) + events
        if count > self._max_per_minute:
            self._raised_at = now
            if now - self._logged >= _LOG_SECONDS:
                self._logged = now
                sentence = "more than %d events a minute come under a write key of %s; all of them are taken"
                _log.warning(sentence, self._max_per_minute, product)

    def raised(self) -> float:
        """1 if a key was over the limit within the last two minutes, else 0."""
        return float(self._clock() - self._raised_at < 2 * _WINDOW_SECONDS)
