"""A collector under attack: a real process, an honest sender whose acknowledgements are timed, and one attacker.

    with attacked_collector(tmp_path) as collector:
        quiet = measure(collector, seconds=2)
        attack = measure(collector, [request(body)], seconds=4)
    assert_unharmed(quiet, attack)

The attacker is one peer that sends whole requests at a bounded rate, over a few connections, and ignores refusals. The
honest sender is another peer, whose requests are due at fixed moments: a wait counts from the moment at which its
request was due, so that a stall counts for every request that it delays. Absolute times depend on the machine; tests
compare an attack with the same collector without one, and bound the processor time and the memory that it takes.
"""

import http.client
import os
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.attacks.senders import (
    ANSWER_SECONDS,
    KEY,
    MIB,
    Attacker,
    HonestSender,
    connected,
    exchange,
    exchange_once,
    honest_body,
    honest_event,
    request,
)
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

__all__ = [
    "KEY",
    "MAX_RESIDENT",
    "MIB",
    "SOAK",
    "Attacker",
    "HonestSender",
    "Measured",
    "assert_unharmed",
    "attacked_collector",
    "connected",
    "counted",
    "cpu_seconds",
    "exchange",
    "exchange_once",
    "honest_body",
    "honest_event",
    "measure",
    "request",
    "resident",
    "wait_until_stored",
]

SOAK = bool(os.environ.get("SOAK"))
MAX_RESIDENT = 300 * MIB
"""The bar: no attack makes the collector's process larger."""
_SETTINGS: dict[str, Any] = {"store_memory": "128MB", "unlimited_peers": "127.0.0.1"}
_P99_FACTOR, _P99_FLOOR = 20.0, 2.0
_CPU_TICK = os.sysconf("SC_CLK_TCK")


def attacked_collector(data: Path, **settings: Any) -> CollectorProcess:
    """A collector with small memory and a known key, to which only 127.0.0.1 is without limits; a context manager."""
    collector = start_collector(data, **(_SETTINGS | settings))
    # A first key becomes the product's, so it must not be an attacker's.
    status = exchange_once(collector, "127.0.0.1", request(honest_body())).status
    assert status == 200, f"the first batch got {status}:\n{collector.output}"
    return collector


def resident(collector: CollectorProcess, field_name: str = "VmHWM") -> int:
    """The largest resident memory so far in bytes, of the process and its children; `VmRSS` for that of now."""
    return sum(_resident_of(pid, field_name) for pid in (collector.pid, *_children(collector.pid)))


def cpu_seconds(collector: CollectorProcess) -> float:
    """The processor time of the process and of those that it started, ended ones included."""
    total = 0
    for pid in (collector.pid, *_children(collector.pid)):
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(value) for value in fields[11:15])
    return total / _CPU_TICK


def _resident_of(pid: int, field_name: str) -> int:
    with suppress(OSError, IndexError):
        status = Path(f"/proc/{pid}/status").read_text()
        return int(status.split(f"{field_name}:")[1].split()[0]) * 1024
    return 0


def _children(pid: int) -> list[int]:
    listed: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            listed += [int(child) for child in (task / "children").read_text().split()]
    return listed


@dataclass(frozen=True)
class Measured:
    """A collector's behaviour over some seconds: waits in seconds, memory in bytes."""

    p99: float
    slowest: float
    honest: Counter[int]
    cpu_seconds: float
    resident: int
    attacker: Counter[int] = field(default_factory=Counter)
    retry_afters: Counter[bool] = field(default_factory=Counter)
    attack_bytes: int = 0

    def __str__(self) -> str:
        return (
            f"p99 {self.p99 * 1e3:.0f} ms, slowest {self.slowest * 1e3:.0f} ms, honest {dict(self.honest)}, "
            f"CPU {self.cpu_seconds:.1f} s, {self.resident / MIB:.0f} MiB, attacker {dict(self.attacker)}, "
            f"{self.attack_bytes / MIB:.1f} MiB sent"
        )


def measure(
    collector: CollectorProcess, requests: Sequence[bytes] = (), *, seconds: float = 3.0, **attack: Any
) -> Measured:
    """The honest sender's waits for some seconds, while an attacker sends the requests if there are any.

    `attack` goes to `Attacker`.
    """
    before = cpu_seconds(collector)
    honest = HonestSender(collector, seconds)
    attacker = Attacker(collector, requests, **attack) if requests else None
    with attacker or nullcontext():
        honest.run()
    waits = sorted(honest.waits)
    return Measured(
        p99=waits[int(len(waits) * 0.99)],
        slowest=waits[-1],
        honest=honest.statuses,
        cpu_seconds=cpu_seconds(collector) - before,
        resident=resident(collector),
        attacker=attacker.statuses if attacker else Counter(),
        retry_afters=attacker.retry_afters if attacker else Counter(),
        attack_bytes=attacker.sent_bytes if attacker else 0,
    )


def assert_unharmed(quiet: Measured, attack: Measured) -> None:
    """Honest senders wait no longer than a generous multiple of a quiet collector's time, and memory is bounded."""
    assert set(attack.honest) == {200}, f"an honest request was not acknowledged: {attack}"
    allowed = max(_P99_FLOOR, _P99_FACTOR * quiet.p99)
    assert attack.p99 <= allowed, f"honest senders wait too long (quiet: {quiet}): {attack}"
    assert attack.resident <= MAX_RESIDENT, f"memory is over the bar: {attack}"
    assert set(attack.retry_afters) <= {True}, f"a 429 without Retry-After: {attack}"


def counted(collector: CollectorProcess, name: str, reason: str = "") -> int:
    """The sum of a counter in /metrics, of all its series or of those with this reason."""
    series = re.findall(rf"^footfall_{name}_total(\{{.*\}})? (\d+)", _metrics(collector), re.MULTILINE)
    return sum(int(value) for labels, value in series if not reason or f'reason="{reason}"' in labels)


def wait_until_stored(collector: CollectorProcess) -> None:
    """Wait until the loader has caught up with the journal."""
    empty = re.compile(r"^footfall_journal_waiting_bytes 0(\.0)?$", re.MULTILINE)
    wait_for(lambda: empty.search(_metrics(collector)), "the store", 60)


def _metrics(collector: CollectorProcess) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()
