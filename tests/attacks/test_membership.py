"""Questions to the collector whether it knows an instance: an answer tells only what the sender itself did."""

import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from footfall_collector.admit import Admission, NewInstances, load_catalogues
from footfall_collector.journal import Journal
from footfall_collector.receive import (
    DiskQuota,
    FirstKeyWindow,
    Gate,
    IngestionPipeline,
    KeyAlarm,
    Limits,
    Peers,
    WorkBudget,
    WriteKeys,
)
from footfall_collector.receive.asgi import Answer
from footfall_collector.receive.protocol import DecodeRequest, v0, v1
from footfall_collector.runtime import Settings, Status
from tests.attacks.harness import KEY, attacked_collector, exchange_once, honest_event, request, wait_until_stored
from tests.attacks.parties.claims import Party, at_most
from tests.attacks.senders import connected
from tests.support.collector_process import CollectorProcess, start_collector

VICTIM, STRANGER, SOMEBODY = "cluster_00000000000000aa", "cluster_00000000000000bb", "cluster_00000000000000cc"
VICTIMS_ADDRESS, ATTACKERS_ADDRESS = "127.0.0.9", "127.0.0.66"
ALLOWANCE = 12
DAY = 86_400
_V1_HEADERS = (f"Authorization: Bearer {KEY}", "Content-Type: application/json")
_TIMES = ("2026-11-20T10:00:00Z", "2026-08-01T10:00:00Z", "2031-01-01T00:00:00Z", "soon")


def _event(instance: str, number: int = 0, timestamp: str = _TIMES[0]) -> dict[str, Any]:
    """An event in the form of Footfall's client; the same number is the same UUID."""
    return honest_event() | {"uuid": str(uuid.UUID(int=number)), "distinct_id": instance, "timestamp": timestamp}


def _v0(*events: dict[str, Any]) -> bytes:
    return json.dumps({"api_key": KEY, "batch": events}, separators=(",", ":")).encode()


def _v1(*events: dict[str, Any]) -> bytes:
    return json.dumps({"batch": events}).encode()


# Real processes.


def _raw_answer(collector: CollectorProcess, address: str, whole: bytes) -> bytes:
    """An answer's bytes, without the date."""
    with connected(collector, address) as connection:
        connection.sendall(whole)
        received = b""
        while b"\r\n\r\n" not in received or len(received.partition(b"\r\n\r\n")[2]) < _length(received):
            part = connection.recv(65536)
            assert part, received
            received += part
    return re.sub(rb"(?i)\r\ndate: [^\r]*", b"", received)


def _length(answer: bytes) -> int:
    found = re.search(rb"(?i)\r\ncontent-length: (\d+)", answer)
    return int(found[1]) if found else 0


def _questions(instance: str) -> list[bytes]:
    """Requests that name an instance, in every form in which an answer could tell something of it."""
    single, repeated = _event(instance, 1), _event(instance, 2)
    old = _event(instance, 3, _TIMES[1])
    return [
        request(_v0(single)),
        request(_v0(repeated, repeated)),
        request(json.dumps({**single, "api_key": KEY, "extra": 1}).encode(), path="/e/"),
        request(_v0(_event(SOMEBODY, 4), old)),
        request(_v1(single, _event(SOMEBODY, 5)), *_V1_HEADERS, path=v1.PATH),
        request(_v1({**single, "event": "unknown"}), *_V1_HEADERS, path=v1.PATH),
        request(_v1(old), *_V1_HEADERS, "Origin: https://example.org", path=v1.PATH),
    ]


def _answers(collector: CollectorProcess, address: str, instance: str) -> list[bytes]:
    return [_raw_answer(collector, address, question) for question in _questions(instance)]


def _spend(collector: CollectorProcess, address: str, first: int) -> None:
    statuses = {
        exchange_once(collector, address, request(_v0(_event(f"cluster_{n:016x}", n)))).status
        for n in range(first, first + 4 * ALLOWANCE)
    }
    assert statuses == {200, 429}, "the allowance is not spent"


@at_most(Party.SENDER, "ask about any ID, and get the same answer whether or not it reports here")
def test_a_sender_gets_the_same_answer_for_a_known_and_an_unknown_instance(tmp_path: Path) -> None:
    """Once the allowance of new instances is spent, a known instance gets 200 and an unknown one 429."""
    with attacked_collector(tmp_path, new_instances_per_hour=ALLOWANCE) as collector:
        assert exchange_once(collector, VICTIMS_ADDRESS, request(_v0(_event(VICTIM, 9)))).status == 200
        wait_until_stored(collector)
        assert _answers(collector, "127.0.0.67", VICTIM) == _answers(collector, "127.0.0.68", STRANGER)
        _spend(collector, ATTACKERS_ADDRESS, 1000)
        _spend(collector, "127.0.0.70", 2000)
        for known, unknown in ((ATTACKERS_ADDRESS, ATTACKERS_ADDRESS), ("127.0.0.71", "127.0.0.72")):
            assert _answers(collector, known, VICTIM) == _answers(collector, unknown, STRANGER)


@at_most(Party.SENDER, "ask after a restart or a deletion, and get the same answer")
def test_neither_a_restart_nor_forgetting_makes_a_difference(tmp_path: Path) -> None:
    """After a restart, or after `forget`, an instance of the store gets another answer than an invented one."""
    with attacked_collector(tmp_path, new_instances_per_hour=ALLOWANCE) as collector:
        for instance in (VICTIM, SOMEBODY):
            assert exchange_once(collector, VICTIMS_ADDRESS, request(_v0(_event(instance, 9)))).status == 200
        wait_until_stored(collector)
    with start_collector(tmp_path, new_instances_per_hour=ALLOWANCE, unlimited_peers="127.0.0.1") as collector:
        _spend(collector, ATTACKERS_ADDRESS, 1000)
        assert _answers(collector, ATTACKERS_ADDRESS, VICTIM) == _answers(collector, ATTACKERS_ADDRESS, STRANGER)
        command = [sys.executable, "-m", "footfall_collector", "forget", "--data", str(tmp_path), VICTIM]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        for known, unknown in ((ATTACKERS_ADDRESS, ATTACKERS_ADDRESS), ("127.0.0.71", "127.0.0.72")):
            assert _answers(collector, known, VICTIM) == _answers(collector, unknown, STRANGER)


@at_most(Party.READER, "who also sends: test the last 30 days of an ID that is known already, and no earlier day")
def test_no_event_is_dated_to_more_than_thirty_days_ago(tmp_path: Path) -> None:
    """A reader who also sends dates events of an ID that he knows to any day, and sees on which days it was active."""
    now = time.time()
    with attacked_collector(tmp_path, segment_seconds=3600) as collector:
        for number, days in enumerate((29, 31, 59, 400, 20_000)):
            at = datetime.fromtimestamp(now - days * DAY, UTC).isoformat()
            for body in (_v0(_event(VICTIM, number, at)), _v0(_event(VICTIM, number, at) | {"extra": 1})):
                assert exchange_once(collector, ATTACKERS_ADDRESS, request(body)).status == 200
        [live] = (path for path in (tmp_path / "journal").iterdir() if path.read_bytes()[:1] == b"{")
        lines = [json.loads(line) for line in live.read_bytes().splitlines()]
    ages = [round((now - line["ts"]) / DAY) for line in lines]
    assert ages == [0] * 5 + [29] * 2 + [30] * 8


# Any sequence of requests, to the pipeline with a real journal, in this process.


class _Request(NamedTuple):
    peer: str
    instances: Sequence[str]
    number: int
    timestamp: str
    form: str


_CATALOGUES = load_catalogues(Settings().products)
_DECODE: dict[str, DecodeRequest] = {"client": v0.decode, "any": v0.decode, "v1": v1.decode}
_requests = st.builds(
    _Request,
    st.sampled_from(["p1", "p2", "u1"]),
    st.lists(
        st.sampled_from([VICTIM, VICTIM, STRANGER, *(f"cluster_{n:016x}" for n in range(8))]), min_size=1, max_size=4
    ),
    st.integers(0, 20),
    st.sampled_from(_TIMES),
    st.sampled_from(list(_DECODE)),
)


class _Side:
    """One of two collectors: the pipeline with a fresh admission, in which somebody has sent an instance."""

    def __init__(self, data: Path, journal: Journal, known: str, allowance: int) -> None:
        config, status, keys = Settings(data=data), Status(), WriteKeys(data)
        admission = Admission(_CATALOGUES, b"pepper of both sides", new_instances=NewInstances(allowance))
        quota, alarm, limits = DiskQuota(config), KeyAlarm(0), Limits.from_settings(config)
        gate = Gate(config, Peers())
        self._pipeline = IngestionPipeline(
            gate, WorkBudget(config), quota, limits, keys, FirstKeyWindow(0), alarm, admission, journal, status
        )
        self._known = known

    async def answers(self, requests: Sequence[_Request]) -> list[Answer]:
        """The answers to an attacker, while somebody else goes on to send the known instance."""
        found = []
        for sent in requests:
            victims = await self.answer(_Request("p9", [self._known], 50, _TIMES[0], "client"))
            assert victims.status == 200
            found.append(await self.answer(sent))
        return found

    async def answer(self, sent: _Request) -> Answer:
        events = [_event(each, sent.number + n, sent.timestamp) for n, each in enumerate(sent.instances)]
        headers = [(b"host", b"localhost")]
        if sent.form == "v1":
            body, path = _v1(*events), v1.PATH
            headers.append((b"authorization", b"Bearer " + KEY.encode()))
        else:
            body, path = _v0(*({**event, **({"extra": 1} if sent.form == "any" else {})} for event in events)), "/batch"
        scope = {"method": "POST", "path": path, "query_string": b"", "headers": headers, "client": (sent.peer, 0)}
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._pipeline.ingest(_DECODE[sent.form], scope, body, answered.set_result)
        return await answered


@contextmanager
def _journal() -> Iterator[tuple[Path, Journal]]:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        WriteKeys(data).add("dot-ai", KEY)
        journal = Journal(data / "journal", Status())
        journal.start()
        try:
            yield data, journal
        finally:
            journal.close()


@at_most(Party.SENDER, "send any sequence of requests, and learn nothing of others' instances")
@settings(max_examples=60, deadline=None)
@given(st.lists(_requests, min_size=1, max_size=15), st.integers(1, 9))
def test_no_sequence_of_requests_tells_whether_an_instance_is_known(requests: list[_Request], allowance: int) -> None:
    """Two collectors, of which one knows an instance, give different answers to some sequence of requests."""
    with _journal() as (data, journal):

        async def both() -> tuple[list[Answer], list[Answer]]:
            knows, does_not = _Side(data, journal, VICTIM, allowance), _Side(data, journal, SOMEBODY, allowance)
            return await knows.answers(requests), await does_not.answers(requests)

        known, unknown = asyncio.run(both())
    assert known == unknown


@at_most(Party.SENDER, "time the answers, which the same code makes for known and unknown IDs")
def test_the_same_lines_of_code_answer_for_a_known_and_an_unknown_instance() -> None:
    """An instance that somebody else sends is found in a cache, so that its answer comes sooner."""

    async def lines(known: str, form: str) -> list[tuple[str, int]]:
        side = _Side(data, journal, known, 1000)
        # Everything but the instance is in the caches already: that is no secret.
        for _ in range(3):
            await side.answer(_Request("p9", [known], 0, _TIMES[0], form))
            await side.answer(_Request("p1", [STRANGER], 0, _TIMES[0], form))
        with _executed_lines() as executed:
            await side.answer(_Request("p1", [VICTIM], 0, _TIMES[0], form))
        return executed

    with _journal() as (data, journal):
        for form in _DECODE:
            known, unknown = asyncio.run(lines(VICTIM, form)), asyncio.run(lines(SOMEBODY, form))
            assert known == unknown, form
            assert any("new_instances" in path for path, _ in known), "the admission was not traced"


@contextmanager
def _executed_lines() -> Iterator[list[tuple[str, int]]]:
    """The lines of the admission that this thread executes within the block, in order."""
    executed: list[tuple[str, int]] = []

    def trace(frame: FrameType, event: str, argument: object) -> Callable[..., Any] | None:
        del argument
        if "footfall_collector/admit" not in frame.f_code.co_filename:
            return None
        if event == "line":
            executed.append((frame.f_code.co_filename, frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield executed
    finally:
        sys.settrace(before)
