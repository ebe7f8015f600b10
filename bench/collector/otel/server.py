"""An OpenTelemetry Collector, built once from its Go modules, as a server on loopback whose records end in a file."""

import functools
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.results import ROOT

SOURCE = Path(__file__).with_name("program")
PROGRAM = ROOT / ".artefacts/otelcol"
BUILD_SECONDS = 60 * 60
START_SECONDS = 60.0
DRAIN_SECONDS = 600.0
QUEUE = 10_000_000
"""Requests that the queue has room for: its default of 1,000 would refuse most of a measurement."""
QUEUES = {"no queue": None, "queue": False, "queue, fsync": True}
"""What stands between the receiver and the file, by name: nothing, or a queue with or without fsync."""


@functools.cache
def built() -> Path:
    """The program; RuntimeError where it can't be built, which says why and what to do."""
    go = shutil.which("go")
    if go is None:
        raise RuntimeError("the OpenTelemetry Collector is built with Go 1.26 or newer, which is not here: install it")
    PROGRAM.parent.mkdir(exist_ok=True)
    print("building the OpenTelemetry Collector: minutes, unless it was built here before …", file=sys.stderr)
    command = ["nice", "-n", "10", go, "build", "-p", "1", "-trimpath", "-mod=readonly", "-buildvcs=false"]
    command += ["-ldflags", "-s -w", "-o", str(PROGRAM), "."]
    ended = subprocess.run(
        command,
        cwd=SOURCE,
        env={**os.environ, "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if ended.returncode:
        raise RuntimeError(
            f"the OpenTelemetry Collector could not be built from {SOURCE.name}:\n{ended.stderr[-2000:]}"
        )
    return PROGRAM


def otel_version() -> str:
    """The Collector's version, from the file that pins it."""
    pinned = (line.split() for line in (SOURCE / "go.mod").read_text(encoding="utf-8").splitlines())
    return next(words[1] for words in pinned if words[:1] == ["go.opentelemetry.io/collector/otelcol"]).lstrip("v")


@dataclass
class WrittenFile:
    """The file exporter's file: messages, each with its size in four bytes before it."""

    path: Path
    _position: int = field(default=0, init=False)
    _count: int = field(default=0, init=False)

    def requests(self) -> int:
        """How many whole messages it has: one for each request, since nothing between joins them."""
        size = self.path.stat().st_size if self.path.exists() else 0
        if size < self._position + 4:
            return self._count
        with self.path.open("rb") as file:
            while self._position + 4 <= size:
                file.seek(self._position)
                after = self._position + 4 + int.from_bytes(file.read(4), "big")
                if after > size:
                    break
                self._position, self._count = after, self._count + 1
        return self._count

    def wait_for(self, requests: int) -> None:
        """Wait until it has so many. SystemExit where it never does."""
        end = time.monotonic() + DRAIN_SECONDS
        while self.requests() < requests:
            if time.monotonic() > end:
                raise SystemExit(f"peers: {self.requests():,} of {requests:,} acknowledged requests came to the file")
            time.sleep(0.1)


@dataclass(frozen=True)
class OtelCollector:
    """A running Collector."""

    port: int
    pid: int
    written: WrittenFile


@contextmanager
def otel_collector(name: str, folder: Path) -> Iterator[OtelCollector]:
    """A Collector with one of QUEUES, whose files are in a folder of its own."""
    folder.mkdir(parents=True)
    port, second = _free_ports()
    settings = folder / "settings.yaml"
    # JSON is YAML too.
    settings.write_text(json.dumps(_settings(QUEUES[name], folder, port, second)), encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([built(), "--config", f"file:{settings}"], stdout=log, stderr=log)
    try:
        _wait_until_open(port, process, folder / "log")
        yield OtelCollector(port, process.pid, WrittenFile(folder / "written"))
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _settings(fsync: bool | None, folder: Path, port: int, second: int) -> dict[str, Any]:
    """The file exporter has no queue of its own, so with one the records go through a second receiver."""
    receivers: dict[str, Any] = {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{port}"}}}}
    exporters: dict[str, Any] = {"file": {"path": str(folder / "written"), "format": "proto"}}
    telemetry = {"metrics": {"level": "none"}, "logs": {"level": "warn"}}
    service: dict[str, Any] = {"telemetry": telemetry, "pipelines": {}}
    if fsync is None:
        service["pipelines"]["logs"] = {"receivers": ["otlp"], "exporters": ["file"]}
        return {"receivers": receivers, "exporters": exporters, "service": service}
    address = f"127.0.0.1:{second}"
    receivers["otlp/second"] = {"protocols": {"grpc": {"endpoint": address}}}
    exporters["otlp_grpc"] = {
        "endpoint": address,
        "tls": {"insecure": True},
        "compression": "none",
        "sending_queue": {"storage": "file_storage", "queue_size": QUEUE},
    }
    service["extensions"] = ["file_storage"]
    service["pipelines"] = {
        "logs": {"receivers": ["otlp"], "exporters": ["otlp_grpc"]},
        "logs/second": {"receivers": ["otlp/second"], "exporters": ["file"]},
    }
    storage = {"directory": str(folder / "queue"), "create_directory": True, "fsync": fsync}
    extensions = {"file_storage": storage}
    return {"extensions": extensions, "receivers": receivers, "exporters": exporters, "service": service}


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def _wait_until_open(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"peers: the OpenTelemetry Collector did not start:\n{log.read_text()[-2000:]}")
