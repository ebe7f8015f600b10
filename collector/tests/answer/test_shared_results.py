"""Results that several answers share: computed once at a time, and again when the store changed."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from footfall_collector.answer.answer_cache import SharedResults

SECONDS = 30.0


def test_a_result_that_is_computed_at_the_moment_is_waited_for() -> None:
    results, begun, released = SharedResults(2), threading.Event(), threading.Event()
    runs = []

    def compute() -> int:
        runs.append(1)
        begun.set()
        assert released.wait(SECONDS)
        return len(runs)

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(results.get, "releases", 1, compute)
        assert begun.wait(SECONDS)
        second = threads.submit(results.get, "releases", 1, compute)
        # Another result is not waited for.
        assert results.get("week", 1, lambda: 7) == 7
        released.set()
        assert (first.result(SECONDS), second.result(SECONDS)) == (1, 1)


def test_a_result_is_kept_until_the_store_changes_or_others_take_its_place() -> None:
    results = SharedResults(2)
    assert [results.get("a", 1, lambda: 1), results.get("a", 1, lambda: 2)] == [1, 1]
    assert results.get("a", 2, lambda: 3) == 3
    results.get("b", 2, lambda: 0)
    # The one that was used longest ago goes.
    assert results.get("a", 2, lambda: 4) == 3
    results.get("c", 2, lambda: 0)
    assert results.get("a", 2, lambda: 5) == 3
    assert results.get("b", 2, lambda: 6) == 6


def test_one_that_fails_is_computed_again() -> None:
    results = SharedResults(2)
    with pytest.raises(ZeroDivisionError):
        results.get("a", 1, lambda: 1 // 0)
    assert results.get("a", 1, lambda: 2) == 2
