"""The limit on new instances: nobody can invent a fleet, keep others out, or find out who is in it.

New means new to the peer that sends it. Whether the store or another peer has an instance makes no difference to the
answer: it depends on what the peer itself has sent, and on how many instances were new to their peers in total.

A product's allowance of an hour is shared by a dynamic threshold: a peer gets a new instance while it has used less
than is free. One greedy peer gets half, k greedy peers get a (k+1)th each, and as much stays free for the next one.
Beyond that a peer has a share of its own, a thousandth of the allowance, which others can't use up. What was used fades
with a time constant of an hour, so that a peer that wants more gets its share again every hour.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from math import exp

_log = logging.getLogger(__name__)

_HOUR = 3600.0
_LOG_SECONDS = 600.0
_OWN_SHARE = 1000
_MAX_PEERS = 16_384
_BITS = 1 << 24
_PROBES = 4
_MAX_PAIRS = 500_000
_MAX_SECONDS = 43_200.0

TOO_MANY_INSTANCES = "too_many_instances"
EPHEMERAL = "ephemeral"


class TooManyInstancesError(Exception):
    """The peer has used its share of the product's new instances."""


class NewInstances:
    """Admits every instance that a peer has sent before, and new ones within the peer's share.

    Ephemeral instances have a separate allowance: every CI run creates some, and no chart counts them.

    Args:
        max_per_hour: the allowance of a product; 0 for no limit.
        unlimited: peers whose name begins so have no limit, and use nothing of the allowance.
    """

    def __init__(
        self,
        max_per_hour: int,
        unlimited: str = "u",
        clock: Callable[[], float] = time.monotonic,
        max_peers: int = _MAX_PEERS,
    ) -> None:
        self._max_per_hour, self._unlimited, self._clock = max_per_hour, unlimited, clock
        self._max_peers = max_peers
        self._allowances: dict[tuple[str, bool], _Allowance] = {}
        self._pairs = _RecentPairs()
        self._logged = float("-inf")

    def admit(self, product: str, peer: str, digest: str, kind: str) -> None:
        """Raises TooManyInstancesError where the instance is new to a peer that has used its share."""
        if not self._max_per_hour or peer.startswith(self._unlimited):
            return
        now = self._clock()
        pair = hash((peer, digest))
        if self._pairs.includes(pair, now):
            return
        key = (product, kind == EPHEMERAL)
        allowance = self._allowances.get(key)
        if allowance is None:
            allowance = self._allowances[key] = _Allowance(self._max_per_hour, self._max_peers, now)
        if not allowance.use(peer, now):
            self._log_refusal(product, now)
            raise TooManyInstancesError
        self._pairs.add(pair)

    def _log_refusal(self, product: str, now: float) -> None:
        if now - self._logged >= _LOG_SECONDS:
            self._logged = now
            sentence = (
                "a sender brings more new instances of %s than its share of new_instances_per_hour (%d), and gets 429; "
                "it is an attack, or a fleet behind one address: then raise the setting, or add a proxy of yours to "
                "trusted_proxies"
            )
            _log.warning(sentence, product, self._max_per_hour)


class _Usage:
    """A number of instances that fades with time."""

    __slots__ = ("_at", "_used")

    def __init__(self, now: float) -> None:
        self._used, self._at = 0.0, now

    def at(self, now: float) -> int:
        """Rounded to whole instances."""
        if now > self._at:
            self._used *= exp((self._at - now) / _HOUR)
            self._at = now
        return round(self._used)

    def add(self) -> None:
        self._used += 1


class _Allowance:
    """What the peers of one product have used. Those that used something last are in a table of bounded size."""

    def __init__(self, size: int, max_peers: int, now: float) -> None:
        self._size, self._own, self._max_peers = size, max(1, size // _OWN_SHARE), max_peers
        self._total = _Usage(now)
        self._peers: OrderedDict[str, _Usage] = OrderedDict()

    def use(self, peer: str, now: float) -> bool:
        """Use one instance; False where the peer may not."""
        usage = self._peers.get(peer) or _Usage(now)
        used, free = usage.at(now), self._size - self._total.at(now)
        if used >= max(free, self._own):
            return False
        usage.add()
        self._total.add()
        self._peers[peer] = usage
        self._peers.move_to_end(peer)
        if len(self._peers) > self._max_peers:
            self._peers.popitem(last=False)
        return True


class _RecentPairs:
    """The pairs of peer and instance that were admitted in the last 12 to 24 hours, as bits of their hashes.

    Two Bloom filters of 2 MiB; the older one is emptied when the other one is full, or after 12 hours. A pair in a
    hundred thousand is taken for an admitted one by chance, and is then admitted without being counted.
    """

    def __init__(self) -> None:
        # Made at the first use: without a limit there is none.
        self._new = self._old = bytearray()
        self._size, self._since = _MAX_PAIRS, 0.0

    def includes(self, pair: int, now: float) -> bool:
        if self._size >= _MAX_PAIRS or now - self._since >= _MAX_SECONDS:
            self._old, self._new = self._new or bytearray(_BITS // 8), bytearray(_BITS // 8)
            self._size, self._since = 0, now
        positions = _positions(pair)
        if _has(self._new, positions):
            return True
        if not _has(self._old, positions):
            return False
        self.add(pair)
        return True

    def add(self, pair: int) -> None:
        self._size += 1
        for position in _positions(pair):
            self._new[position >> 3] |= 1 << (position & 7)


def _positions(pair: int) -> list[int]:
    # Both parts of a pair are keyed hashes, and Python's own hash is salted: nobody can choose the bits.
    stride = (pair >> 32) | 1
    return [(pair + probe * stride) % _BITS for probe in range(_PROBES)]


def _has(bits: bytearray, positions: list[int]) -> bool:
    return all(bits[position >> 3] & (1 << (position & 7)) for position in positions)
