"""`flush` and `close`, as a host uses them, with a real server."""

import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from client.tests.support.outages import LOGIN_PAGE
from client.tests.support.server import Request, Server, hang, status
from footfall import Product, Telemetry
from footfall.catalogue import ToolExecuted
from footfall.send import worker
from footfall.send.sending_lock import SendingLock
from footfall.send.shipper import BATCH_EVENTS, DUE_EVENTS
from tests.support.waiting import wait_for

FIRST_DELIVERY = """
import sys
from footfall import Product, Telemetry
from footfall.catalogue import ServerStarted

names = ("TELEMETRY_STATE_DIR", "POSTHOG_HOST", "POSTHOG_KEY", "TELEMETRY_GRACE_SECONDS")
host = Telemetry(Product("shop"), {f"SHOP_{name}": value for name, value in zip(names, sys.argv[1:])})
host.record(ServerStarted())
print(host.flush(20), *sorted({"encodings.idna", "stringprep", "urllib3"} & set(sys.modules)))
"""


def telemetry(state: Path, server: Server, **variables: str) -> Telemetry:
    environ = {
        "DOT_AI_TELEMETRY_STATE_DIR": str(state),
        "DOT_AI_TELEMETRY_GRACE_SECONDS": "0",
        "DOT_AI_POSTHOG_HOST": server.url,
        "DOT_AI_POSTHOG_KEY": "phc_test",
        **variables,
    }
    host = Telemetry(Product("dot-ai"), environ)
    host.register_tools("recommend")
    return host


def record(host: Telemetry, count: int = 1) -> None:
    for _ in range(count):
        host.record(ToolExecuted(tool="recommend", success=True, duration_ms=1.0))


def is_free(lock: SendingLock) -> bool:
    free = lock.acquire()
    lock.release()
    return free


def test_flush_returns_whether_all_events_are_delivered(tmp_path: Path) -> None:
    with Server() as server:
        host = telemetry(tmp_path, server)
        assert host.flush()
        record(host, 250)
        assert host.flush(20)
        assert len(server.accepted) == 250
        server.answer = LOGIN_PAGE
        record(host)
        assert not host.flush(20)
        host.close()


def test_as_many_events_as_make_a_batch_are_sent_at_once(tmp_path: Path) -> None:
    with Server() as server:
        host = telemetry(tmp_path, server, DOT_AI_TELEMETRY_FLUSH_SECONDS="3600")
        record(host)
        assert host.flush(20)
        assert host._pipeline is not None
        worker = host._pipeline.worker
        wait_for(lambda: worker._idle, "the thread to have nothing to do")
        record(host, DUE_EVENTS)
        wait_for(lambda: len(server.accepted) == DUE_EVENTS + 1, "all of them")
        host.close()


def test_events_that_come_while_a_batch_is_sent_wait_until_they_make_another(tmp_path: Path) -> None:
    ready, lock = threading.Event(), SendingLock(str(tmp_path))

    def answer_when_ready(server: Server, request: Request, handler: BaseHTTPRequestHandler) -> None:
        ready.wait(20)
        status(200)(server, request, handler)

    with Server() as server:
        host = telemetry(tmp_path, server, DOT_AI_TELEMETRY_FLUSH_SECONDS="3600")
        record(host)
        assert host.flush(20)
        server.answer = answer_when_ready
        record(host, DUE_EVENTS)
        wait_for(lambda: len(server.requests) == 2, "the first batch")
        record(host, 5)
        ready.set()
        wait_for(lambda: is_free(lock), "the thread to let others send")
        record(host, DUE_EVENTS)
        wait_for(lambda: len(server.accepted) >= 1 + 2 * DUE_EVENTS, "the second batch")
        assert len(server.requests[2].events) >= DUE_EVENTS
        record(host, 3)
        assert host.flush(20)
        assert len(server.accepted) == 2 * DUE_EVENTS + 9
        host.close()


def is_in(thread: threading.Thread, function: str) -> bool:
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None and frame.f_code.co_name != function:
        frame = frame.f_back
    return frame is not None


def test_the_end_of_the_process_does_not_wait_for_a_thread_that_ends_already(tmp_path: Path) -> None:
    with Server() as server:
        host = telemetry(tmp_path, server)
        record(host)
        assert host.flush(20)
        pipeline = host._pipeline
        assert pipeline is not None
        thread = pipeline.worker._thread
        assert thread is not None
        with pipeline.spool._lock:
            # As when the host drops its telemetry, with `main` for example, right before Python ends.
            pipeline.release()
            wait_for(lambda: is_in(thread, "drain"), "the thread's last pass")
            closer = threading.Thread(target=pipeline.close, args=(60.0,), kwargs={"last": True}, daemon=True)
            closer.start()
            wait_for(lambda: bool(pipeline.worker._waiters), "the end of the process to wait")
        closer.join(20)
        assert not closer.is_alive()


def test_a_close_takes_nothing_from_a_flush_of_another_thread(tmp_path: Path) -> None:
    with Server() as server:
        host = telemetry(tmp_path, server)
        assert host._pipeline is not None
        worker = host._pipeline.worker
        # The other thread has come so far when this one closes; no thread sends.
        flushed = worker._add_waiter()
        host.close()
        assert worker._wait_for_pass(flushed, 20)
        assert not worker._waiters


def first_batch(state: Path, seconds: float) -> int:
    """The number of events in the first request of a host that records one every so many seconds, and never pauses."""
    with Server() as server:
        host = telemetry(state, server, DOT_AI_TELEMETRY_FLUSH_SECONDS="3600")
        record(host)
        assert host.flush(20)
        record(host, DUE_EVENTS)
        pause, end = threading.Event(), time.monotonic() + 20
        while len(server.requests) == 1 and time.monotonic() < end:
            record(host)
            pause.wait(seconds)
        host.close()
        return len(server.requests[1].events)


def test_while_a_host_records_on_and_on_nothing_is_packed_until_a_whole_batch_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "QUIET_SECONDS", 10.0)
    monkeypatch.setattr(worker, "MAX_BURST_SECONDS", 60.0)
    assert first_batch(tmp_path, 0.001) == BATCH_EVENTS


def test_a_burst_that_never_ends_delays_sending_for_a_tenth_of_a_second_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "QUIET_SECONDS", worker.MAX_BURST_SECONDS)
    assert DUE_EVENTS <= first_batch(tmp_path, 0.02) < BATCH_EVENTS


def test_a_first_delivery_imports_neither_urllib3_nor_the_codec_of_international_names(tmp_path: Path) -> None:
    with Server() as server:
        command = [sys.executable, "-c", FIRST_DELIVERY, str(tmp_path / "state"), server.url, "phc_test", "0"]
        assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "True\n"
        assert len(server.accepted) == 1


def test_flush_waits_no_longer_than_its_timeout(tmp_path: Path) -> None:
    with Server(hang) as server:
        host = telemetry(tmp_path, server)
        record(host)
        start = time.monotonic()
        assert not host.flush(0.3)
        assert time.monotonic() - start < 2
        host.close()


def test_nothing_is_sent_within_the_grace_and_flush_returns_false(tmp_path: Path) -> None:
    with Server() as server:
        host = telemetry(tmp_path, server, DOT_AI_TELEMETRY_GRACE_SECONDS="600")
        record(host)
        assert not host.flush(20)
        host.close()
        assert server.requests == []
        assert list((tmp_path / "spool").glob("*.seg"))


def test_events_that_are_recorded_after_close_are_sent_and_close_lets_go_again(tmp_path: Path) -> None:
    with Server() as server:
        host = telemetry(tmp_path, server)
        for count in (3, 6):
            host.close()
            record(host, 3)
            host.close()
            wait_for(lambda: len(server.accepted) == count, f"{count} events")  # noqa: B023 - called in this turn
        assert list((tmp_path / "spool").iterdir()) == []
        record(host)
        assert host.flush(20)
