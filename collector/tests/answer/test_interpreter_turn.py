"""One thread of the gate runs Python at a time, and none waits for the other for ever."""

import os
import threading
from collections.abc import Iterator

import pytest

from footfall_collector.answer import ReadGate, locked
from footfall_collector.answer.gate import interpreter_turn, turn_given_up
from footfall_collector.answer.gate.interpreter_turn import InterpreterTurn
from tests.support.waiting import wait_for

LONG = 60.0


@pytest.fixture
def gate() -> Iterator[ReadGate]:
    gate = ReadGate(lambda: 0, LONG)
    gate.start()
    yield gate
    gate.stop()


def test_one_thread_at_a_time_has_the_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter_turn, "LONGEST_WAIT_SECONDS", LONG)
    turn, inside, most = InterpreterTurn(), [0], [0]

    def enter() -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        os.sched_yield()
        inside[0] -= 1

    def work() -> None:
        for _ in range(200):
            with turn.held():
                enter()
                with turn_given_up():
                    os.sched_yield()
                enter()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert most == [1]


def test_who_waits_longest_has_the_next_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter_turn, "LONGEST_WAIT_SECONDS", LONG)
    turn, had = InterpreterTurn(), threading.Event()

    def work() -> None:
        with turn.held():
            had.set()

    thread = threading.Thread(target=work)
    with turn.held():
        thread.start()
        wait_for(lambda: turn.waiting == 1, "the other thread to wait")
        with turn_given_up():
            pass
        assert had.is_set(), "this thread took the turn again before the other one"
    thread.join(LONG)


def test_the_other_question_goes_on_while_one_waits_for_the_engine(
    gate: ReadGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreter_turn, "LONGEST_WAIT_SECONDS", LONG)
    waits, answered = threading.Event(), threading.Event()

    def first() -> bool:
        with turn_given_up():
            waits.set()
            return answered.wait(LONG)

    asked = gate.ask(first)
    assert waits.wait(LONG)
    assert gate.answer(lambda: 42) == 42
    answered.set()
    assert asked.answer.result(LONG)


def test_a_lock_within_which_questions_are_asked_stops_nobody(gate: ReadGate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter_turn, "LONGEST_WAIT_SECONDS", LONG)
    lock, has_lock, other_waits = threading.Lock(), threading.Event(), threading.Event()

    def first() -> str:
        with locked(lock):
            has_lock.set()
            with turn_given_up():  # the query
                assert other_waits.wait(LONG)
            return "first"

    def second() -> str:
        other_waits.set()
        with locked(lock):
            return "second"

    asked = gate.ask(first)
    assert has_lock.wait(LONG)
    other = gate.ask(second)
    assert [asked.answer.result(LONG), other.answer.result(LONG)] == ["first", "second"]


def test_a_thread_goes_on_without_the_turn_where_the_other_one_waits_for_it(gate: ReadGate) -> None:
    has_lock, other_waits, released = threading.Event(), threading.Event(), threading.Event()

    def first() -> str:
        has_lock.set()
        with turn_given_up():
            assert other_waits.wait(LONG)
        released.set()  # reached only without the turn: the other one has it until then
        return "first"

    def second() -> bool:
        other_waits.set()
        return released.wait(LONG)

    asked = gate.ask(first)
    assert has_lock.wait(LONG)
    assert gate.answer(second)
    assert asked.answer.result(LONG) == "first"
    assert gate.answer(lambda: "the turn is free again") == "the turn is free again"


def test_waiting_within_waiting_leaves_the_turn_free_in_the_end(
    gate: ReadGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work() -> str:
        with turn_given_up(), turn_given_up():
            return "answered"

    assert gate.answer(work) == "answered"
    monkeypatch.setattr(interpreter_turn, "LONGEST_WAIT_SECONDS", 2 * LONG)
    asked = [gate.ask(work) for _ in range(4)]
    assert [each.answer.result(LONG) for each in asked] == ["answered"] * 4


def test_outside_a_gate_nothing_is_given_up() -> None:
    lock = threading.Lock()
    with turn_given_up(), locked(lock):
        assert lock.locked()
    assert not lock.locked()
