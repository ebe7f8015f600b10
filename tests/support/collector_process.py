"""A real collector process for tests: started on a free port, waited for until it listens, ended by its own pid."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

START_SECONDS = 90.0
STOP_SECONDS = 45.0


_running: set["CollectorProcess"] = set()


@dataclass(eq=False)
class CollectorProcess:
    """A running collector: `url` has no trailing slash; `output` is everything it printed so far (both streams)."""

    process: "subprocess.Popen[str]"
    data_dir: Path
    url: str = ""
    port: int = 0
    lines: list[str] = field(default_factory=list)
    reader: threading.Thread | None = None

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def stop(self) -> int:
        """SIGTERM, then its exit code; a collector that doesn't end is an error."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self._ended()

    def kill(self) -> int:
        """SIGKILL, as a power cut would."""
        if self.process.poll() is None:
            self.process.kill()
        return self._ended()

    def _ended(self) -> int:
        _running.discard(self)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_SECONDS)
            raise AssertionError(f"the collector did not end within {STOP_SECONDS:g} s:\n{self.output}") from None
        if self.reader is not None:
            self.reader.join(STOP_SECONDS)
        return code

    def __enter__(self) -> "CollectorProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_collector(
    data_dir: Path | str, env: dict[str, str] | None = None, prefix: Sequence[str] = (), **settings: Any
) -> CollectorProcess:
    """Start `footfall-collector serve` on a free port and wait until it listens.

    `settings` are flags by their field name (`segment_seconds=0.1`, `config=path`); `env` are more variables;
    `prefix` is a command that runs it in its place. The process gets none of the surrounding `FOOTFALL_…` variables.
    Use it as a context manager, or call `stop()`.
    """
    arguments = [*prefix, sys.executable, "-m", "footfall_collector", "serve", "--data", str(data_dir)]
    for name, value in {"port": 0, **settings}.items():
        arguments += [f"--{name.replace('_', '-')}", str(value)]
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("FOOTFALL_")}
    return start_command(arguments, surroundings | {"PYTHONUNBUFFERED": "1"} | (env or {}), data_dir)


def start_command(
    command: Sequence[str], env: dict[str, str], data_dir: Path | str, cwd: Path | None = None
) -> CollectorProcess:
    """Start a command that serves, with exactly these variables, and wait until it listens."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1, env=env, cwd=cwd
    )
    started = CollectorProcess(process, Path(data_dir))
    _running.add(started)
    listening = threading.Event()
    started.reader = threading.Thread(target=_read, args=(started, listening), daemon=True)
    started.reader.start()
    deadline = time.monotonic() + START_SECONDS
    while not listening.wait(0.05):
        if process.poll() is not None:
            started.reader.join(STOP_SECONDS)
            raise AssertionError(
                f"the collector ended with {process.returncode} instead of listening:\n{started.output}"
            )
        if time.monotonic() > deadline:
            started.kill()
            raise AssertionError(f"the collector did not listen within {START_SECONDS:g} s:\n{started.output}")
    return started


@contextmanager
def none_left() -> Iterator[None]:
    """At exit, ends every collector started within the block that still runs, for example after a failed test."""
    before = set(_running)
    try:
        yield
    finally:
        for left in _running - before:
            left.kill()


def _read(started: CollectorProcess, listening: threading.Event) -> None:
    """Collect the output; the line with the address means that it listens."""
    stream = started.process.stdout
    assert stream is not None
    for line in stream:
        started.lines.append(line)
        if not started.url and "listening on http://" in line:
            started.url = line.split("listening on ", 1)[1].split()[0].rstrip("/.")
            started.port = int(started.url.rsplit(":", 1)[1])
            listening.set()
    stream.close()
