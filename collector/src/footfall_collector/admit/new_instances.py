"""The limit on instances that are seen for the first time in an hour: nobody can invent a fleet.

Known instances are in a Bloom filter of 4 MiB, which holds no IDs, only bits of their hashes. At a million instances it
takes two new instances in ten thousand for known ones, and admits them without counting them. It never takes a known
instance for a new one: a flood of invented instances does not affect the known ones.
"""

import time
from collections.abc import Callable, Iterable

_BITS = 1 << 25
_PROBES = 4
_HOUR = 3600.0

TOO_MANY_INSTANCES = "too_many_instances"
EPHEMERAL = "ephemeral"


class TooManyInstancesError(Exception):
    """The product has reached its limit of new instances."""


class NewInstances:
    """Admits every known instance, and new ones at a rate per product.

    Ephemeral instances have a separate rate: every CI run creates some, and no chart counts them.

    Args:
        max_per_hour: new instances of a product in an hour; 0 for no limit.
    """

    def __init__(self, max_per_hour: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds_each = _HOUR / max_per_hour if max_per_hour else 0.0
        self._clock = clock
        self._bits = bytearray(_BITS // 8 if max_per_hour else 0)
        self._free_at: dict[tuple[str, bool], float] = {}

    def add_known(self, digests: Iterable[str]) -> None:
        """Register instances (16 hex digits each) that are in the store."""
        if self._seconds_each:
            for digest in digests:
                self._is_known(digest)

    def admit(self, product: str, digest: str, kind: str) -> None:
        """Raises TooManyInstancesError for a new instance over the limit."""
        if not self._seconds_each:
            return
        key = (product, kind == EPHEMERAL)
        now = self._clock()
        free_at = max(self._free_at.get(key, 0.0), now)
        if free_at + self._seconds_each - now > _HOUR + 1e-6:
            if not self._is_known(digest, learn=False):
                raise TooManyInstancesError
        elif not self._is_known(digest):
            self._free_at[key] = free_at + self._seconds_each

    def _is_known(self, digest: str, *, learn: bool = True) -> bool:
        """Whether an instance is known; with `learn`, it is from now on."""
        # The digest is a keyed hash, so its bits need no further hashing.
        number = int(digest, 16)
        stride = (number >> 32) | 1
        known = True
        for probe in range(_PROBES):
            position = (number + probe * stride) % _BITS
            byte, bit = position >> 3, 1 << (position & 7)
            if not self._bits[byte] & bit:
                known = False
                if learn:
                    self._bits[byte] |= bit
        return known
