"""A lock that peers hold in turn: one that waits a hundred times delays another one once."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class PeerLock:
    """Used on one event loop."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._held = False

    @asynccontextmanager
    async def held(self, peer: str) -> AsyncIterator[None]:
        if self._held:
            await self._wait(peer)
        self._held = True
        try:
            yield
        finally:
            self._release()

    async def _wait(self, peer: str) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(peer, deque()).append(future)
        try:
            await future
        except asyncio.CancelledError:
            if not future.cancelled():
                self._release()  # it was its turn already
            raise

    def _release(self) -> None:
        """Let the next one go on; the lock stays held for it."""
        while self._waiting:
            peer = next(iter(self._waiting))
            futures = self._waiting.pop(peer)
            future = futures.popleft()
            if futures:
                self._waiting[peer] = futures  # behind all other peers
            if not future.cancelled():
                future.set_result(None)
                return
        self._held = False
