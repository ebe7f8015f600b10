"""Many attackers of every kind at once on a real process: memory is bounded, and all honest events are acknowledged.

Twelve seconds in every run, two minutes with SOAK=1.
"""

import os
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from collector.tests.app.http import alarms, ask, counter, gauge, post
from collector.tests.defence.attack import MIB, Attack
from collector.tests.operate.commands import stored
from collector.tests.receive.shapes import batch, event
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

SECONDS = 120 if os.environ.get("SOAK") else 12
CEILING = 400 * MIB
"""The memory at rest, all waiting bodies, the largest body during decoding, and the store's 128 MB."""
REQUEST_SECONDS = 30.0
"""The time that an honest sender waits for an answer, as in `app.http.ask`."""
HONEST, LEAST = 3, 8


def most_resident(collector: CollectorProcess) -> int:
    """The peak resident memory of the process in bytes, from the kernel."""
    status = Path(f"/proc/{collector.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


@dataclass
class Honest:
    """Senders that send each batch once, without retries, and note its answer."""

    collector: CollectorProcess
    names: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def send(self, until: float) -> None:
        """Send from several threads until the deadline, and at least a minimum of batches."""
        threads = [threading.Thread(target=self._send, args=(until,)) for _ in range(HONEST)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _send(self, until: float) -> None:
        sent = 0
        while time.monotonic() < until or sent < LEAST:
            sent += 1
            events = [event(uuid=str(uuid.uuid4()), distinct_id="cluster_00000000000000aa") for _ in range(5)]
            began = time.monotonic()
            try:
                self.answers.append(post(self.collector, batch(*events)).status)
            except OSError as error:
                self.errors.append(repr(error))
                continue
            self.latencies.append(time.monotonic() - began)
            self.names += [one["uuid"] for one in events]


@pytest.mark.timeout(240 + 3 * SECONDS)
def test_under_attack_memory_has_a_ceiling_and_every_honest_event_is_acknowledged_and_kept_once(tmp_path: Path) -> None:
    with start_collector(tmp_path, store_memory="128MB", max_connections=300, body_seconds=3) as collector:
        honest = Honest(collector)
        # The first key becomes the product's, so it must not be an attacker's.
        assert post(collector, batch(event())).status == 200
        with Attack(collector.port, each=2) as attack:
            wait_for(lambda: all(attack.done[kind] for kind in attack.kinds), "every kind of attack", seconds=90)
            honest.send(time.monotonic() + SECONDS)
        most, latencies = most_resident(collector), sorted(honest.latencies)
        print(
            f"{most / MIB:.0f} MiB at most, attacks {dict(attack.done)}, {len(honest.answers)} honest requests, "
            f"median {latencies[len(latencies) // 2] * 1000:.0f} ms, slowest {latencies[-1] * 1000:.0f} ms"
        )
        assert honest.errors == []
        assert set(honest.answers) == {200}
        assert latencies[-1] < REQUEST_SECONDS
        assert most < CEILING
        assert ask(collector, "GET", "/healthz").status == 200
        for reason in ("decoded_too_large", "unknown_key", "batch_too_large"):
            assert counter(collector, "requests_refused", reason=reason) > 0, reason
        assert counter(collector, "connections_cut") > 0
        assert "Traceback" not in collector.output
        wait_for(lambda: gauge(collector, "journal_waiting_bytes") == 0, "the store", 60)
        # The floods use a known key: more than 600,000 events a minute raise an alarm only.
        assert set(alarms(collector)) <= {"key_alarm"}
        assert collector.stop() == 0
    kept = stored(tmp_path)
    assert {kept[name] for name in honest.names} == {1}
