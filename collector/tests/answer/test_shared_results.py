"""Results that several answers share: computed once at a time, and again when the store changed.

One that took long stands for a while, whatever is loaded meanwhile.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from collector.tests.receive.shapes import event
from collector.tests.store.fill_store import CATALOGUES, admitted, journal, journal_fleet, loader_of, open_store
from footfall_collector.answer import Answers
from footfall_collector.answer.gate.answer_cache import MAX_PAUSE_SECONDS, PAUSE_FACTOR, SLOW_SECONDS, SharedResults
from footfall_collector.store import EventSelection
from tests.oracle.fleet import Fleet, stamp

SECONDS = 30.0
FLEET = Fleet(6, 10, 3)
EVERYTHING = EventSelection("dot-ai", 0, FLEET.end)


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


class _Time:
    """A clock, and the work of the only thread; to compute a result takes work."""

    def __init__(self) -> None:
        self.now = self.worked = 0.0
        self.results = SharedResults(2, lambda: self.now, lambda: self.worked)

    def get(self, revision: int, result: int, work: float, least: int = 0) -> int:
        def compute() -> int:
            self.worked += work
            return result

        return self.results.get("a", revision, compute, lambda kept: kept >= least)


def test_a_result_that_took_long_stands_for_later_revisions_but_not_for_long() -> None:
    time, work = _Time(), SLOW_SECONDS * 2
    assert time.get(1, 1, work) == 1
    time.now = work * PAUSE_FACTOR - 0.01
    assert time.get(2, 2, work) == 1
    # Where it lacks something that is asked for, it is computed again.
    assert time.get(2, 2, work, least=2) == 2
    time.now += work * PAUSE_FACTOR + 0.01
    assert time.get(3, 3, work) == 3
    # However long it took.
    time.now += work * PAUSE_FACTOR + 0.01
    assert time.get(4, 4, MAX_PAUSE_SECONDS) == 4
    time.now += MAX_PAUSE_SECONDS - 0.01
    assert time.get(5, 5, 0.0) == 4
    time.now += 0.02
    assert time.get(6, 6, 0.0) == 6


def test_a_quick_result_is_always_that_of_the_present_revision() -> None:
    time = _Time()
    assert [time.get(revision, revision, SLOW_SECONDS) for revision in (1, 2, 2)] == [1, 2, 2]


def test_a_result_that_stands_does_not_outlive_a_deletion() -> None:
    deletions = [0]
    results = SharedResults(2, lambda: 0.0, iter(range(10)).__next__, lambda: deletions[0])

    def while_deleting() -> str:
        deletions[0] += 1
        return "begun before"

    assert results.get("a", 1, lambda: "before") == results.get("a", 2, lambda: "new") == "before"
    deletions[0] += 1
    assert results.get("a", 2, while_deleting) == "begun before"
    assert results.get("a", 2, lambda: "after") == "after"


def test_a_forgotten_instance_is_in_no_result_that_stands(tmp_path: Path) -> None:
    journal_fleet(tmp_path, FLEET.requests())
    store = open_store(tmp_path)
    loader = loader_of(tmp_path, store)
    loader.run_once()
    answers = Answers(store, CATALOGUES)

    def seen() -> set[str]:
        until = time.thread_time() + SLOW_SECONDS * 1.1
        while time.thread_time() < until:
            rows = answers.rows("SELECT DISTINCT printf('%016x', instance) FROM presence", EVERYTHING)
        return {instance for (instance,) in rows}

    def shared() -> set[str]:
        return answers.shared_results.get("seen", answers.revision, seen)

    before = shared()
    journal(tmp_path, [admitted([event(timestamp=stamp(FLEET.end - 60))], FLEET.end, FLEET.end)])
    assert loader.run_once() == 1
    assert shared() is before, "it stands for a while, whatever is loaded"
    forgotten = min(before)
    assert store.forget(forgotten) > 0
    assert forgotten not in shared() != set()
    store.close()
