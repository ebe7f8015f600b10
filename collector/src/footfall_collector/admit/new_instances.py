"""How many instances may be seen for the first time in an hour, so that nobody invents a fleet.

Known instances are remembered in a Bloom filter: 4 MiB whatever comes, no IDs, only hashes of hashes. It seldom
takes a new instance for a known one (twice in ten thousand times at a million instances), which lets that one in
without counting it. It never takes a known one for a new one, so a flood of inventions doesn't touch those who were
there.
"""

import time
from collections.abc import Callable, Iterable

_BITS = 1 << 25
_PROBES = 4
_HOUR = 3600.0

TOO_MANY_INSTANCES = "too_many_instances"
EPHEMERAL = "ephemeral"


class TooManyInstancesError(Exception):
    """The product has had its share of new instances for now."""


class NewInstances:
    """Lets known instances in, and new ones at a rate by product.

    Ephemeral instances, which every run of a CI job makes anew and which no chart counts, have a rate of their own.

    Args:
        most: new instances of a product in an hour; 0 for no limit.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._each = _HOUR / most if most else 0.0
        self._clock = clock
        self._bits = bytearray(_BITS // 8 if most else 0)
        self._paid: dict[tuple[str, bool], float] = {}

    def know(self, digests: Iterable[str]) -> None:
        """These instances (16 hex digits each) were there before."""
        if self._each:
            for digest in digests:
                self._known(digest)

    def enter(self, product: str, digest: str, kind: str) -> None:
        """Let an instance in. Raises TooManyInstancesError where it is new and there were too many."""
        if not self._each:
            return
        key = (product, kind == EPHEMERAL)
        now = self._clock()
        paid = max(self._paid.get(key, 0.0), now)
        if paid + self._each - now > _HOUR + 1e-6:
            if not self._known(digest, learn=False):
                raise TooManyInstancesError
        elif not self._known(digest):
            self._paid[key] = paid + self._each

    def _known(self, digest: str, *, learn: bool = True) -> bool:
        """Whether it is known; from now on it is, if `learn`."""
        # The digest is a keyed hash: its own bits are as good as any.
        number = int(digest, 16)
        step = (number >> 32) | 1
        known = True
        for turn in range(_PROBES):
            place = (number + turn * step) % _BITS
            byte, bit = place >> 3, 1 << (place & 7)
            if not self._bits[byte] & bit:
                known = False
                if learn:
                    self._bits[byte] |= bit
        return known
