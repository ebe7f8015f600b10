"""The lock that peers hold in turn."""

import asyncio
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from footfall_collector.receive.large.peer_lock import PeerLock


async def _order(peers: str, cancelled: set[int], *, before: Callable[[], None] = lambda: None) -> list[int]:
    """The numbers of those who held the lock, in order; all of them wait while it is held by someone else."""
    lock, order = PeerLock(), list[int]()

    async def hold(n: int, peer: str) -> None:
        async with lock.held(peer):
            order.append(n)
            await asyncio.sleep(0)

    async with lock.held("someone else"):
        tasks = [asyncio.create_task(hold(n, peer)) for n, peer in enumerate(peers)]
        await asyncio.sleep(0)
        for n in cancelled & set(range(len(tasks))):
            tasks[n].cancel()
        before()
    await asyncio.gather(*tasks, return_exceptions=True)
    async with asyncio.timeout(5), lock.held("at the end"):
        return order


def test_one_who_waits_a_hundred_times_delays_another_once() -> None:
    order = asyncio.run(_order("a" * 100 + "b", set()))
    assert order.index(100) == 1
    assert sorted(order) == list(range(101))


@given(st.text("abc", max_size=20), st.sets(st.integers(0, 19)))
def test_everyone_goes_on_who_has_not_left(peers: str, cancelled: set[int]) -> None:
    assert set(asyncio.run(_order(peers, cancelled))) == set(range(len(peers))) - cancelled


def test_a_turn_that_was_given_to_someone_who_leaves_goes_to_the_next() -> None:
    async def main() -> None:
        lock, reached = PeerLock(), list[str]()

        async def hold(peer: str) -> None:
            async with lock.held(peer):
                reached.append(peer)

        async with lock.held("first"):
            leaving, staying = asyncio.create_task(hold("leaving")), asyncio.create_task(hold("staying"))
            await asyncio.sleep(0)
        leaving.cancel()  # after the lock was handed to it
        await asyncio.gather(leaving, staying, return_exceptions=True)
        assert reached == ["staying"]

    asyncio.run(main())
