"""Cyclic garbage is searched between questions, and never all objects in the middle of one."""

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest

from footfall_collector.answer import ReadGate
from footfall_collector.app.garbage import LATEST_SECONDS, PAUSE_SECONDS, GarbageSearch
from footfall_collector.store import QueryStoppedError


class Cycle:
    """Refers to itself: only a search finds that nobody else does."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def gate() -> Iterator[ReadGate]:
    gate = ReadGate(lambda: 0, 60.0)
    gate.start()
    yield gate
    gate.stop()


def lost_cycle() -> "weakref.ref[Cycle]":
    return weakref.ref(Cycle())


def test_everything_is_searched_between_questions(gate: ReadGate) -> None:
    now = [0.0]
    search = GarbageSearch(gate.is_idle, lambda: now[0])
    lost = lost_cycle()
    gc.collect(0)  # what survives a search of new objects is old from then on
    lost = lost if lost() else lost_cycle()
    assert not search.search_if_due()
    now[0] = PAUSE_SECONDS
    assert search.search_if_due()
    assert lost() is None
    assert not search.search_if_due(), "the next one is due after another pause"


def test_a_question_is_not_interrupted_until_the_latest_time(gate: ReadGate) -> None:
    now = [0.0]
    search = GarbageSearch(gate.is_idle, lambda: now[0])
    begun, over = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        over.wait(60)

    asked = gate.ask(work)
    assert begun.wait(60)
    now[0] = LATEST_SECONDS - 1
    assert not search.search_if_due()
    now[0] = LATEST_SECONDS
    assert search.search_if_due()
    over.set()
    asked.answer.result(60)
    now[0] += PAUSE_SECONDS
    assert search.search_if_due()


def test_only_new_objects_are_searched_while_many_are_made() -> None:
    searched: list[int] = []

    def note(phase: str, about: dict[str, int]) -> None:
        if phase == "start":
            searched.append(about["generation"])

    def make() -> list[list[int]]:
        gc.callbacks.append(note)
        try:
            return [[number] for number in range(300_000)]
        finally:
            gc.callbacks.remove(note)

    make()
    assert max(searched) == 2, "Python by itself searches everything"
    searched.clear()
    search = GarbageSearch(lambda: False)
    search.begin()
    try:
        make()
        assert set(searched) == {0}
    finally:
        search.end()
    searched.clear()
    make()
    assert max(searched) == 2, "Python decides again"


def test_a_question_that_fails_keeps_nothing(gate: ReadGate) -> None:
    kept: list[weakref.ref[Cycle]] = []

    def work() -> None:
        rows = Cycle()
        rows.itself = None  # type: ignore[assignment]  # no cycle of its own
        kept.append(weakref.ref(rows))
        raise QueryStoppedError("over")

    gc.disable()
    try:
        asked = gate.ask(work)
        assert isinstance(asked.answer.exception(60), QueryStoppedError)
        del asked
        gate.answer(lambda: None)  # the thread has left the failed question
        gate.answer(lambda: None)
        assert [reference() for reference in kept] == [None]
    finally:
        gc.enable()
