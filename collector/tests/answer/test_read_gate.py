"""The gate of reading: how many questions run and wait, which of them share an answer, and when one is given up."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.tests.answer.test_charts_equal_truth import END, filters_of
from collector.tests.store.fill_store import CATALOGUES, journal_fleet, loader_of, open_store
from footfall_collector.answer import Answers, BusyError, ReadGate
from footfall_collector.answer.gate import AnswerCache
from footfall_collector.answer.gate.read_gate import NICENESS, RUNNING, Reading
from footfall_collector.runtime import Status
from footfall_collector.store import EventSelection, QueryStoppedError
from tests.oracle.fleet import Fleet
from tests.support.waiting import wait_for

_SECONDS = 30.0
_STATUS = Status()
_ENDLESS = "SELECT count(*) FROM range(100000000) a, range(100000) b WHERE hash(a.range, b.range) = 1"


class Held:
    """Work that goes on until it is released."""

    def __init__(self) -> None:
        self.begun, self.released = threading.Semaphore(0), threading.Event()
        self.runs = 0

    def __call__(self) -> int:
        self.runs += 1
        self.begun.release()
        assert self.released.wait(_SECONDS)
        return self.runs


@contextmanager
def gate_of(revision: Callable[[], Any] = lambda: 1, seconds: float = _SECONDS, **options: Any) -> Iterator[ReadGate]:
    gate = ReadGate(revision, seconds, options.pop("status", _STATUS), **options)
    gate.start()
    try:
        yield gate
    finally:
        gate.stop()


@contextmanager
def full(gate: ReadGate) -> Iterator[Held]:
    """All places of the gate are taken."""
    held = Held()
    for _ in range(RUNNING):
        gate.ask(held)
    for _ in range(RUNNING):
        assert held.begun.acquire(timeout=_SECONDS)
    try:
        yield held
    finally:
        held.released.set()


def size_of(_: object) -> int:
    return 1


def result(reading: Reading) -> Any:
    return reading.answer.result(_SECONDS)


def test_two_questions_run_and_others_wait_in_their_order() -> None:
    order: list[str] = []
    one, other = Held(), Held()
    with gate_of() as gate:
        for held in (one, other):
            gate.ask(held)
            assert held.begun.acquire(timeout=_SECONDS)
        waiting = [gate.ask(lambda name=name: order.append(name)) for name in "abc"]  # type: ignore[misc]
        waiting.append(gate.ask(lambda: order.append("first"), first=True))
        assert _STATUS.gauge("questions_waiting") == 4
        assert not order
        one.released.set()  # so that one thread answers all that wait
        for reading in waiting:
            result(reading)
        other.released.set()
    assert order == ["first", "a", "b", "c"]


def test_a_question_beyond_the_bound_is_refused_at_once_and_the_gate_recovers() -> None:
    status = Status()
    with gate_of(waiting=3, status=status) as gate:
        with full(gate):
            waiting = [gate.ask(lambda: 1) for _ in range(3)]
            with pytest.raises(BusyError) as refused:
                gate.ask(lambda: 1)
            assert refused.value.retry_after > 0
        assert [result(reading) for reading in waiting] == [1, 1, 1]
        assert result(gate.ask(lambda: 2)) == 2
        assert status.total("questions_refused") == 1


def test_a_question_that_waits_too_long_is_refused() -> None:
    with gate_of(wait_seconds=0.05) as gate, full(gate):
        reading = gate.ask(lambda: 1)
        with pytest.raises(BusyError):
            result(reading)
        assert _STATUS.gauge("questions_waiting") == 0


def test_equal_questions_share_one_answer_until_the_store_changes() -> None:
    revision, held = [1], Held()
    with gate_of(lambda: revision[0]) as gate:
        readings = [gate.ask(held, "q", size_of) for _ in range(5)]
        assert held.begun.acquire(timeout=_SECONDS)
        readings.append(gate.ask(held, "q", size_of))
        held.released.set()
        assert [result(reading) for reading in readings] == [1] * 6
        assert result(gate.ask(held, "q", size_of)) == 1
        assert result(gate.ask(held, "another", size_of)) == 2
        revision[0] = 2
        assert result(gate.ask(held, "q", size_of)) == 3


def test_a_question_after_a_change_does_not_join_the_one_that_runs() -> None:
    """Its answer may have been read before the change."""
    revision, held = [1], Held()
    with gate_of(lambda: revision[0]) as gate:
        before = gate.ask(held, "q", size_of)
        assert held.begun.acquire(timeout=_SECONDS)
        revision[0] = 2
        after = gate.ask(lambda: "fresh", "q", size_of)
        assert result(after) == "fresh"
        held.released.set()
        assert result(before) == 1
        # What was read before the change is not kept for later.
        assert result(gate.ask(lambda: "asked again", "q", size_of)) in ("fresh", "asked again")


def test_errors_are_shared_but_not_kept() -> None:
    with gate_of() as gate:
        with full(gate):
            readings = [gate.ask(lambda: 1 // 0, "q", size_of) for _ in range(2)]
        for reading in readings:
            with pytest.raises(ZeroDivisionError):
                result(reading)
        assert result(gate.ask(lambda: 1, "q", size_of)) == 1


def test_who_leaves_frees_the_place_unless_others_wait_for_the_same() -> None:
    runs: list[str] = []
    with gate_of() as gate:
        with full(gate):
            alone = gate.ask(lambda: runs.append("alone"), "alone")
            shared = [gate.ask(lambda: runs.append("shared"), "shared") for _ in range(2)]
            gate.leave(alone)
            gate.leave(shared[0])
            assert _STATUS.gauge("questions_waiting") == 1
        result(shared[1])
    assert runs == ["shared"]


def test_threads_that_read_are_the_last_to_be_scheduled() -> None:
    with gate_of() as gate:
        niceness = result(gate.ask(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())))
    assert niceness >= os.getpriority(os.PRIO_PROCESS, 0) + min(NICENESS, 19)


def test_a_query_without_end_is_stopped_and_the_store_answers_on(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    everything = EventSelection("dot-ai", 0, 1 << 32)
    with gate_of(seconds=0.3) as gate:
        with pytest.raises(BusyError, match="query_seconds"):
            result(gate.ask(lambda: store.query(_ENDLESS, everything)))
        abandoned = gate.ask(lambda: store.query(_ENDLESS, everything))
        gate.leave(abandoned)
        assert result(gate.ask(lambda: store.query("SELECT 1", everything))) == [(1,)]
    assert not store.needs_recovery
    store.close()


def test_stopping_the_gate_stops_what_runs_and_refuses_what_waits(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with gate_of() as gate:
        endless = [gate.ask(lambda: store.query(_ENDLESS, EventSelection("dot-ai", 0, 1))) for _ in range(RUNNING)]
        wait_for(lambda: _STATUS.gauge("questions_waiting") == 0, "both to run", _SECONDS)
        waiting = gate.ask(lambda: 1)
    for reading in endless:
        with pytest.raises(QueryStoppedError):
            result(reading)
    with pytest.raises(BusyError):
        result(waiting)
    store.close()


def test_rows_are_read_again_after_every_change_of_the_store(tmp_path: Path) -> None:
    """A load, a roll-up and a deletion: the answer is that of an `Answers` that keeps nothing yet."""
    store = open_store(tmp_path)
    loader, answers = loader_of(tmp_path, store), Answers(store, CATALOGUES)
    fleet = sorted(Fleet(10, 10, 2, END).requests(), key=lambda one: one.received)
    query = filters_of({"range": "90d", "internal": "all"})

    def shown() -> list[Any]:
        rows = answers.chart("tool-usage", query).rows
        assert rows == Answers(store, CATALOGUES).chart("tool-usage", query).rows
        return rows

    empty = shown()
    for part in (fleet[: len(fleet) // 2], fleet[len(fleet) // 2 :]):
        before, revision = shown(), store.revision
        journal_fleet(tmp_path, part)
        loader.run_once()
        assert store.revision != revision
        assert shown() != before
        loader.checkpoint()
        shown()
    before, quiet = shown(), store.revision
    loader.run_once()
    assert store.revision == quiet, "nothing was loaded, and answers stand"
    [[instance]] = store.query("SELECT min(instance) FROM tool_instances", EventSelection("dot-ai", 0, 1 << 32))
    store.forget(f"{instance:016x}")
    assert shown() != before != empty
    store.close()


def test_equal_questions_ask_the_engine_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path)
    answers, query = Answers(store, CATALOGUES), store.query
    asked: list[str] = []

    def counted(sql: str, selection: EventSelection) -> list[tuple[Any, ...]]:
        asked.append(sql)
        return query(sql, selection)

    monkeypatch.setattr(store, "query", counted)
    for _ in range(3):
        answers.chart("versions", filters_of({"range": "30d"}))
    first = len(asked)
    answers.chart("versions", filters_of({"range": "7d"}))
    assert len(asked) > first
    assert sum("product_version" in sql and "moment" in sql for sql in asked) == 2
    store.close()


def test_one_answer_reads_the_same_rows_once_while_events_are_loaded(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    answers, query = Answers(store, CATALOGUES), filters_of({"range": "90d", "internal": "all"})

    def twice() -> list[Any]:
        first = answers.releases(query).rows
        journal_fleet(tmp_path, list(Fleet(5, 5, 1, END).requests()))
        loader_of(tmp_path, store).run_once()
        return [first, answers.releases(query).rows]

    with gate_of() as gate:
        before, after = result(gate.ask(twice))
        assert before == after == []
        assert result(gate.ask(lambda: answers.releases(query).rows))
    store.close()


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.integers(1, 2), st.integers(0, 60)),
        max_size=60,
    )
)
def test_the_cache_is_bounded_in_bytes_and_never_mixes_revisions(steps: list[tuple[str, int, int]]) -> None:
    cache = AnswerCache(100)
    put: dict[tuple[str, int], int] = {}
    for number, (question, revision, size) in enumerate(steps):
        kept = cache.get(question, revision)
        assert kept is None or kept == put[question, revision]
        cache.put(question, revision, number, size)
        if size <= 25:
            put[question, revision] = number
        assert 0 <= cache.bytes <= 100
        assert cache.get(question, revision) == (number if size <= 25 else kept if kept is not None else None)
