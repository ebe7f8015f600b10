"""Counters and values that /metrics and the data-health page read. Thread-safe; nothing of an event's content.

Names are those of the metrics without their prefix: `events_accepted`, `events_refused`, `properties_dropped`,
`requests_refused`, `journal_bytes`. Reasons are words from this program, never words from a request.
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from .metrics import MEANINGS

_Key = tuple[str, str, str]


class Status:
    """What the collector has done since it started, and how it is now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: defaultdict[_Key, int] = defaultdict(int)
        self._values: dict[str, float] = {}
        self._watched: dict[str, Callable[[], float]] = {}

    def count(self, name: str, product: str = "", reason: str = "", n: int = 1) -> None:
        """Add `n` to a counter that only grows."""
        with self._lock:
            self._counters[name, product, reason] += n

    def set(self, name: str, value: float) -> None:
        """Say how something is now: a size in bytes, a lag in seconds, 1 or 0 for an alarm."""
        with self._lock:
            self._values[name] = value

    def watch(self, name: str, measure: Callable[[], float]) -> None:
        """Measure a value whenever somebody asks. `measure` must be quick, and safe on any thread."""
        self._watched[name] = measure

    def value(self, name: str, default: float = 0.0) -> float:
        """What was last `set` or is measured now, or `default`."""
        measure = self._watched.get(name)
        if measure is not None:
            return measure()
        with self._lock:
            return self._values.get(name, default)

    def total(self, name: str, product: str | None = None, reason: str | None = None) -> int:
        """The sum of a counter over what is not given."""
        with self._lock:
            return sum(
                n
                for (key, of, why), n in self._counters.items()
                if key == name and product in (None, of) and reason in (None, why)
            )

    def snapshot(self) -> dict[str, Any]:
        """`{"counters": [{"name", "product", "reason", "value"}, …], "values": {name: number}}`, sorted by name."""
        measured = {name: measure() for name, measure in self._watched.items()}
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
        shown = self.snapshot()
        lines: list[str] = []
        typed: set[str] = set()
        for counter in shown["counters"]:
            name = f"footfall_{counter['name']}_total"
            if name not in typed:
                typed.add(name)
                lines += _headed(name, counter["name"], "counter")
            labels = ",".join(f'{key}="{_escaped(counter[key])}"' for key in ("product", "reason") if counter[key])
            lines.append(f"{name}{{{labels}}} {counter['value']}" if labels else f"{name} {counter['value']}")
        for key, value in shown["values"].items():
            lines += [*_headed(f"footfall_{key}", key, "gauge"), f"footfall_{key} {value:g}"]
        return "\n".join(lines) + "\n"


def _headed(name: str, key: str, kind: str) -> list[str]:
    explained = [f"# HELP {name} {MEANINGS[key]}"] if key in MEANINGS else []
    return [*explained, f"# TYPE {name} {kind}"]


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
