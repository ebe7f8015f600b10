"""Plain HTTP against a collector process."""

import http.client
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from footfall_collector.journal import CLOSED, LIVE
from footfall_collector.runtime import ALARMS
from tests.support.collector_process import CollectorProcess


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    collector: CollectorProcess, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> Answer:
    """Send one request on a new connection; the answer's header names are in lower case."""
    connection = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=30)
    try:
        connection.request(method, path, body=body or None, headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def post(collector: CollectorProcess, body: bytes, path: str = "/batch/", **headers: str) -> Answer:
    """A POST; `content_encoding="gzip"` is the header of that name."""
    return ask(collector, "POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})


def counter(collector: CollectorProcess, name: str, **labels: str) -> int:
    """The sum of a counter of /metrics over all series that have these labels."""
    total = 0
    for line in ask(collector, "GET", "/metrics").text.splitlines():
        match = re.fullmatch(rf"footfall_{name}_total(\{{.*\}})? (\d+)", line)
        if match and all(f'{key}="{value}"' in (match[1] or "") for key, value in labels.items()):
            total += int(match[2])
    return total


def gauge(collector: CollectorProcess, name: str) -> float:
    """A value of /metrics as it is now."""
    for line in ask(collector, "GET", "/metrics").text.splitlines():
        if line.startswith(f"footfall_{name} "):
            return float(line.split()[1])
    raise AssertionError(f"no footfall_{name} in /metrics")


def alarms(collector: CollectorProcess) -> list[str]:
    """The names of the raised alarms."""
    values = dict(line.rsplit(" ", 1) for line in ask(collector, "GET", "/metrics").text.splitlines())
    return [name for name in ALARMS if float(values.get(f"footfall_{name}", 0))]


def journal_lines(data_dir: Path) -> list[dict[str, Any]]:
    """Every line in the journal's segments, live and closed."""
    found = []
    for path in sorted(path for path in (data_dir / "journal").iterdir() if path.suffix in (LIVE, CLOSED)):
        found += [json.loads(line) for line in path.read_bytes().splitlines()]
    return found


def holds(data_dir: Path, text: str) -> list[Path]:
    """The files under a directory that hold a text."""
    return [path for path in data_dir.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]
