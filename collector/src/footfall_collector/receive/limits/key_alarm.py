"""An alarm where much more than usual comes under one write key. It refuses nothing.

The key is public. Whoever floods a collector with it would silence the whole fleet if the key were refused.
"""

import logging
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)
_SECONDS = 60.0
_LOG_SECONDS = 600.0


class KeyAlarm:
    """Counts events by write key, in minutes.

    Args:
        most: events of one key in a minute that raise the alarm; 0 for none.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        # Only keys that are known, or taken as the first one, come here: there are as many as the operator has added.
        self._counts: dict[str, int] = {}
        self._began = clock()
        self._raised = self._said = float("-inf")

    def saw(self, key: str, product: str, events: int) -> None:
        """So many events came under a key."""
        if not self._most:
            return
        now = self._clock()
        if now - self._began >= _SECONDS:
            self._counts.clear()
            self._began = now
        count = self._counts[key] = self._counts.get(key, 0) + events
        if count > self._most:
            self._raised = now
            if now - self._said >= _LOG_SECONDS:
                self._said = now
                sentence = "more than %d events a minute come under a write key of %s; all of them are taken"
                _log.warning(sentence, self._most, product)

    def raised(self) -> float:
        """1 if a key had too much within the last two minutes, else 0."""
        return float(self._clock() - self._raised < 2 * _SECONDS)
