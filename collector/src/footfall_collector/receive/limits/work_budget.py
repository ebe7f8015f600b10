"""The budget of work: the processor time and the bytes that each peer may cost in a minute.

Requests differ a thousandfold in what they cost, so a limit on their number bounds no work. A request is checked before
its body is decoded, and charged with what it cost afterwards. Work without a valid write key has a budget of its own,
which is far smaller: once it is spent, only requests pass whose key is found without decoding the body.
"""

import math
import time
from collections.abc import Callable

from ...runtime import Settings
from ..asgi import Scope
from ..refusals import RefusedError
from .peers import LIMITED

_MAX_PEERS = 25_000
_MINUTE = 60.0
_CPU_AT_ONCE_SECONDS = 1.5
"""Processor time saved up over these seconds may be used at once, and other senders wait meanwhile: with the defaults
50 ms without a valid key, and 375 ms with one."""
_BYTES_AT_ONCE_SECONDS = 60.0


class Allowance:
    """An amount per peer and minute that comes back evenly, in a table of bounded size.

    A charge is never refused: the amount is known only afterwards. A peer that is in debt waits until it is paid off.

    Args:
        per_minute: 0 for no limit.
        at_once: the seconds over which an unused allowance is saved up.
    """

    def __init__(
        self,
        per_minute: float,
        at_once: float,
        clock: Callable[[], float] = time.monotonic,
        max_peers: int = _MAX_PEERS,
    ) -> None:
        self._seconds_per_unit = _MINUTE / per_minute if per_minute else 0.0
        self._at_once, self._clock, self._max_peers = at_once, clock, max_peers
        # Peer to the moment at which its whole allowance is free again.
        self._free_at: dict[str, float] = {}

    def wait(self, peer: str) -> float:
        """The seconds until the peer is no longer in debt; 0 where it is not."""
        free_at = self._free_at.get(peer)
        return max(0.0, free_at - self._clock() - self._at_once) if free_at is not None else 0.0

    def charge(self, peer: str, amount: float) -> None:
        if not self._seconds_per_unit:
            return
        now, free_at = self._clock(), self._free_at.get(peer)
        if free_at is None and len(self._free_at) >= self._max_peers:
            self._make_room(now)
        self._free_at[peer] = max(free_at or 0.0, now) + amount * self._seconds_per_unit

    def __len__(self) -> int:
        return len(self._free_at)

    def _make_room(self, now: float) -> None:
        # Those with the largest debt stay: names are cheap to an attacker, and must not wash off a debt.
        owing = sorted((free_at, peer) for peer, free_at in self._free_at.items() if free_at > now)
        self._free_at = {peer: free_at for free_at, peer in owing[-(self._max_peers * 3 // 4) :]}


class _Budget:
    """Processor time and bytes together."""

    def __init__(self, cpu_seconds: float, size: float, clock: Callable[[], float], max_peers: int) -> None:
        self._cpu = Allowance(cpu_seconds, _CPU_AT_ONCE_SECONDS, clock, max_peers)
        self._bytes = Allowance(size, _BYTES_AT_ONCE_SECONDS, clock, max_peers)

    def wait(self, peer: str) -> float:
        return max(self._cpu.wait(peer), self._bytes.wait(peer))

    def charge(self, peer: str, cpu_seconds: float, size: int) -> None:
        self._cpu.charge(peer, cpu_seconds)
        self._bytes.charge(peer, size)


class WorkBudget:
    """The budgets of all peers: one for all work, and a far smaller one for work without a valid write key."""

    def __init__(
        self, settings: Settings, clock: Callable[[], float] = time.monotonic, max_peers: int = _MAX_PEERS
    ) -> None:
        all_cpu, all_bytes = settings.peer_cpu_seconds_per_minute, settings.peer_bytes_per_minute
        unkeyed_cpu, unkeyed_bytes = settings.unkeyed_cpu_seconds_per_minute, settings.unkeyed_bytes_per_minute
        self._all = _Budget(all_cpu, all_bytes, clock, max_peers)
        self._unkeyed = _Budget(unkeyed_cpu, unkeyed_bytes, clock, max_peers)

    def check(self, peer: str, shows_key: Callable[[Scope, bytes], bool], scope: Scope, body: bytes) -> None:
        """Raises RefusedError (429) for a peer, as `limited_peer` names it, that has spent its budget.

        `shows_key` tells whether a request has a valid write key, as far as can be seen without decoding its body. It
        is called only for a peer that has spent its budget for work without a key.
        """
        wait, unkeyed_wait = self._all.wait(peer), self._unkeyed.wait(peer)
        if unkeyed_wait and not shows_key(scope, body):
            sentence = "This sender's requests without a valid write key take too much work; try again later."
            raise _over_budget(max(wait, unkeyed_wait), "unkeyed_work", sentence)
        if wait:
            raise _over_budget(wait, "peer_work", "This sender's requests take too much work; try again later.")

    def charge(self, peer: str, cpu_seconds: float, size: int, *, keyed: bool) -> None:
        """Charge a peer with a request of `size` bytes as sent. `keyed`: it has a valid write key."""
        self._all.charge(peer, cpu_seconds, size)
        if not keyed:
            self._unkeyed.charge(peer, cpu_seconds, size)


def limited_peer(scope: Scope) -> str:
    """The name of a request's peer where limits apply to it, else an empty text."""
    client = scope["client"]
    # Only a Unix socket has no client.
    name = str(client[0]) if client else ""
    return name if name.startswith(LIMITED) else ""


def _over_budget(wait: float, reason: str, sentence: str) -> RefusedError:
    return RefusedError(429, reason, sentence, max(1, math.ceil(wait)))
