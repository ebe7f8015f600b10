"""The real posthog-python against a real collector: every event counted once, nothing to complain about."""

import logging
from typing import Any

import posthog
import pytest

from collector.tests.app.http import counter, journal_lines
from collector.tests.receive.shapes import TOKEN, event
from tests.support.collector_process import CollectorProcess


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"sync_mode": True}, id="v0"),
        pytest.param({"sync_mode": True, "gzip": True}, id="v0 gzip"),
        pytest.param({"gzip": True}, id="v0 in the background"),
        pytest.param({"sync_mode": True, "capture_mode": "v1"}, id="v1"),
        pytest.param({"sync_mode": True, "capture_mode": "v1", "capture_compression": "gzip"}, id="v1 gzip"),
        pytest.param({"sync_mode": True, "capture_mode": "v1", "capture_compression": "deflate"}, id="v1 deflate"),
        pytest.param({"sync_mode": True, "capture_mode": "v1", "capture_compression": "zstd"}, id="v1 zstd"),
    ],
)
def test_every_event_is_counted_once(
    collector: CollectorProcess, options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    errors: list[object] = []
    client = posthog.Posthog(
        TOKEN, host=collector.url, on_error=lambda error, _: errors.append(error), disable_geoip=True, **options
    )
    sent = [event(timestamp=None) for _ in range(20)]
    with caplog.at_level(logging.WARNING):
        for one in sent:
            client.capture(one["event"], distinct_id=one["distinct_id"], properties=one["properties"], uuid=one["uuid"])
        client.shutdown()
    assert errors == []
    assert caplog.records == []
    lines = journal_lines(collector.data_dir)
    assert sorted(line["uuid"] for line in lines) == sorted(one["uuid"] for one in sent)
    assert counter(collector, "events_accepted") == 20
    assert counter(collector, "requests_refused") == 0


def test_v1_tells_which_event_was_not_admitted(collector: CollectorProcess) -> None:
    errors: list[Any] = []
    client = posthog.Posthog(
        TOKEN, host=collector.url, on_error=lambda error, _: errors.append(error), capture_mode="v1", flush_at=2
    )
    good, bad = event(), event("$pageview")
    for one in (good, bad):
        client.capture(one["event"], distinct_id="cluster_1", properties=one["properties"], uuid=one["uuid"])
    client.shutdown()
    assert [line["uuid"] for line in journal_lines(collector.data_dir)] == [good["uuid"]]
    assert [drop for error in errors for drop in error.drops] == [(bad["uuid"], "unknown_event")]
