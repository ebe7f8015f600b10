"""The metrics for monitors, and the stop of a collector: requests under way are finished, within a time limit."""

import re
import socket
import threading
import time
from pathlib import Path

import footfall_collector
from collector.tests.app.http import ask, gauge, post
from collector.tests.defence.wires import HEAD, answer, ended, wire
from collector.tests.receive.shapes import batch, event
from footfall_collector.runtime import ALERT_RULES
from footfall_collector.runtime.metrics import METRIC_HELP
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for


def test_metrics_tell_lags_disk_and_memory(tmp_path: Path) -> None:
    with start_collector(tmp_path) as collector:
        assert post(collector, batch(event())).status == 200
        assert 0 < gauge(collector, "journal_lag_seconds") < 30
        wait_for(lambda: gauge(collector, "loader_lag_seconds") < 5, "the loader to keep up")
        assert 0 < gauge(collector, "disk_free_bytes") < gauge(collector, "disk_size_bytes")
        assert gauge(collector, "data_bytes") > gauge(collector, "journal_bytes")
        assert 30e6 < gauge(collector, "resident_bytes") < 1e9
        assert gauge(collector, "connections") >= 1
        text = ask(collector, "GET", "/metrics").text
    assert 'footfall_events_accepted_total{product="dot-ai"} 1' in text
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    for name in names:
        assert re.search(rf"^# HELP {name} [A-Z].+\n# TYPE {name} ", text, re.MULTILINE), name


def test_everything_that_is_counted_or_measured_is_explained_to_prometheus() -> None:
    source = Path(footfall_collector.__file__).parent
    found: set[str] = set()
    for path in source.rglob("*.py"):
        found |= set(
            re.findall(
                r"""(?:(?:status|self)\.(?:increment|set_gauge|add_gauge)|\bcount)\("([a-z_]+)",? ?""", path.read_text()
            )
        )
    found |= {f"alerts_open_{rule.replace('-', '_')}" for rule in ALERT_RULES}
    assert found == METRIC_HELP.keys()


def test_at_the_end_requests_under_way_are_finished_and_new_ones_are_not_begun(tmp_path: Path) -> None:
    body = batch(event())
    with start_collector(tmp_path, drain_seconds=10) as collector, wire(collector) as idle, wire(collector) as busy:
        busy.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body[:10])
        wait_for(lambda: gauge(collector, "connections") >= 3, "both connections")
        ending = threading.Thread(target=collector.stop)
        ending.start()
        assert ended(idle)
        wait_for(lambda: refused(collector.port), "no new connection")
        busy.sendall(body[10:])
        said = answer(busy)
        ending.join()
    assert b" 200 " in said
    assert b"connection: close" in said
    assert collector.process.returncode == 0
    with start_collector(tmp_path) as again:
        wait_for(lambda: b'"recommend"' in shown(again), "the event in the charts")


def shown(collector: CollectorProcess) -> bytes:
    return ask(collector, "GET", "/api/charts/tool-usage").body.replace(b" ", b"")


def refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except ConnectionError:
        return True
    return False


def test_who_does_not_finish_is_not_waited_for_longer_than_said(tmp_path: Path) -> None:
    with start_collector(tmp_path, drain_seconds=1, body_seconds=60) as collector, wire(collector) as slow:
        slow.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
        wait_for(lambda: gauge(collector, "connections") >= 2, "the connection")
        began = time.monotonic()
        assert collector.stop() == 0
        assert time.monotonic() - began < 15
