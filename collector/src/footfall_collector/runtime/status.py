"""Counters and gauges that /metrics and the data-health page read. Thread-safe; they hold nothing of an event.

Names are those of the metrics without prefix and suffix: `events_accepted`, `events_refused`, `properties_dropped`,
`requests_refused`, `journal_bytes`. Reasons are words of this program, never words of a request.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from .alarms import ALARMS, Alarm, AlertEntry
from .metrics import METRIC_HELP

MAX_VERSIONS = 10
"""Versions that are noted of the senders of one counter."""

_CounterKey = tuple[str, str, str]
"""Name, product, reason."""


class Status:
    """The counters since the collector started, and the gauges now.

    Attributes:
        alert_entries: gives the incidents of the last 90 days, the newest first. Whoever evaluates alerts sets it.
        alerts_revision: changes with them.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.alert_entries: Callable[[], Sequence[AlertEntry]] = tuple
        self.alerts_revision = 0
        self._clock = clock
        self._lock = threading.Lock()
        self._counters: defaultdict[_CounterKey, int] = defaultdict(int)
        self._values: dict[str, float] = {}
        self._measures: dict[str, Callable[[], float]] = {}
        self._alarms_since: dict[str, float] = {}
        self._damage: dict[str, tuple[str, ...]] = {}
        self._lost: dict[str, int] = {}
        self._senders: dict[_CounterKey, tuple[float, set[str]]] = {}

    def increment(self, name: str, product: str = "", reason: str = "", n: int = 1) -> None:
        """Add `n` to a counter."""
        with self._lock:
            self._counters[name, product, reason] += n

    def note_versions(self, name: str, product: str, reason: str, version: str) -> bool:
        """Note that a version of a product made a counter grow; whether it is the counter's first time."""
        with self._lock:
            key = name, product, reason
            first = key not in self._senders
            _, versions = self._senders.setdefault(key, (self._clock(), set()))
            # A sender chooses its version, so their number is bounded.
            if len(versions) < MAX_VERSIONS:
                versions.add(version)
            return first

    def versions(self, name: str) -> list[tuple[str, str, int, float, list[str]]]:
        """(Product, reason, number, epoch seconds of the first time, versions) of a counter, the largest first."""
        with self._lock:
            noted = [
                (product, reason, self._counters[key, product, reason], since, sorted(versions))
                for (key, product, reason), (since, versions) in self._senders.items()
                if key == name
            ]
        return sorted(noted, key=lambda row: -row[2])

    def set_gauge(self, name: str, value: float) -> None:
        """Set a gauge: a size in bytes, a lag in seconds, 1 or 0 for an alarm."""
        with self._lock:
            self._values[name] = value
            if name in ALARMS:
                self._note_alarm(name, value)

    def set_damage(self, part: str, sentences: Sequence[str]) -> None:
        """Say what was damaged of the `journal` or the `store` and what is missing, each in a sentence without a stop.

        Damage to the store raises an alarm.
        """
        self._damage[part] = tuple(sentences)
        if part == "store":
            self.set_gauge("store_damaged", float(bool(sentences)))

    def set_lost(self, part: str, events: int) -> None:
        """Say how many acknowledged events the `journal` or the `store` lost; the alarm has their sum."""
        self._lost[part] = events
        self.set_gauge("events_lost", sum(self._lost.values()))

    @property
    def damage(self) -> tuple[str, ...]:
        """The sentences of `set_damage`, the journal's first."""
        return tuple(sentence for _, sentences in sorted(self._damage.items()) for sentence in sentences)

    def add_gauge(self, name: str, measure: Callable[[], float]) -> None:
        """Add a gauge that is measured whenever it is read. `measure` must be quick, and safe on any thread."""
        self._measures[name] = measure

    def gauge(self, name: str, default: float = 0.0) -> float:
        """The value of a gauge, or `default` where it was never set."""
        measure = self._measures.get(name)
        if measure is not None:
            return measure()
        with self._lock:
            return self._values.get(name, default)

    def alarms(self) -> list[Alarm]:
        """The raised alarms, in the order of `ALARMS`."""
        values = {name: self.gauge(name) for name in ALARMS}
        with self._lock:
            for name, value in values.items():
                self._note_alarm(name, value)
            since = self._alarms_since
            return [Alarm(name, ALARMS[name], since[name]) for name in ALARMS if name in since]

    def _note_alarm(self, name: str, value: float) -> None:
        if not value:
            self._alarms_since.pop(name, None)
        elif name not in self._alarms_since:
            self._alarms_since[name] = self._clock()

    def total(self, name: str, product: str | None = None, reason: str | None = None) -> int:
        """The sum of a counter over all products and reasons, or over one of them."""
        with self._lock:
            return sum(
                n
                for (key, its_product, its_reason), n in self._counters.items()
                if key == name and product in (None, its_product) and reason in (None, its_reason)
            )

    def snapshot(self) -> dict[str, Any]:
        """`{"counters": [{"name", "product", "reason", "value"}, …], "values": {name: number}}`, sorted by name."""
        measured = {name: measure() for name, measure in self._measures.items()}
        with self._lock:
            counters, values = sorted(self._counters.items()), dict(sorted((self._values | measured).items()))
        return {
            "counters": [
                {"name": name, "product": product, "reason": reason, "value": n}
                for (name, product, reason), n in counters
            ],
            "values": values,
        }

    def prometheus(self) -> str:
        """The same in Prometheus' text format, each name prefixed with `footfall_`."""
        snapshot = self.snapshot()
        lines: list[str] = []
        described: set[str] = set()
        for counter in snapshot["counters"]:
            name = f"footfall_{counter['name']}_total"
            if name not in described:
                described.add(name)
                lines += _header(name, counter["name"], "counter")
            labels = ",".join(f'{key}="{_escape(counter[key])}"' for key in ("product", "reason") if counter[key])
            lines.append(f"{name}{{{labels}}} {counter['value']}" if labels else f"{name} {counter['value']}")
        for key, value in snapshot["values"].items():
            lines += [*_header(f"footfall_{key}", key, "gauge"), f"footfall_{key} {value:g}"]
        return "\n".join(lines) + "\n"


def _header(name: str, key: str, kind: str) -> list[str]:
    help_lines = [f"# HELP {name} {METRIC_HELP[key]}"] if key in METRIC_HELP else []
    return [*help_lines, f"# TYPE {name} {kind}"]


def _escape(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
