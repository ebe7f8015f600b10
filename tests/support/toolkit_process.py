"""The real toolkit as a process: over HTTP it is started and ended here; over stdio a client starts it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcp import StdioServerParameters

from tests.support.waiting import wait_for

START_SECONDS = 30.0
STOP_SECONDS = 15.0
MODULE = ("-m", "footfall_toolkit")


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """Nothing of the surroundings but PATH: neither CI nor a running test nor a cluster shows through."""
    home.mkdir(parents=True, exist_ok=True)
    return {"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": os.devnull, "PYTHONUNBUFFERED": "1", **more}


def telemetry_to(host: str, key: str = "phc_test", grace: float = 0.0) -> dict[str, str]:
    """The variables that send telemetry to a host, at once unless there is a grace period (seconds)."""
    return {
        "DOT_AI_POSTHOG_HOST": host,
        "DOT_AI_POSTHOG_KEY": key,
        "DOT_AI_TELEMETRY_GRACE_SECONDS": str(grace),
        "DOT_AI_TELEMETRY_FLUSH_SECONDS": "0.2",
    }


def over_stdio(environment: Mapping[str, str], *arguments: str) -> StdioServerParameters:
    """What a client needs to start the toolkit itself."""
    return StdioServerParameters(
        command=sys.executable,
        args=list(arguments or MODULE),
        env={k: v for k, v in environment.items() if k != "PATH"},
    )


@dataclass
class ToolkitProcess:
    """A toolkit that serves HTTP. `url` ends in /mcp or /sse."""

    process: "subprocess.Popen[str]"
    url: str = ""
    lines: list[str] = field(default_factory=list)
    reader: threading.Thread | None = None

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit code (negative: ended by that signal)."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(STOP_SECONDS)
        if self.reader is not None:
            self.reader.join(STOP_SECONDS)
        return code

    def __enter__(self) -> "ToolkitProcess":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.end()
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()


def start_toolkit(environment: Mapping[str, str], transport: str = "streamable-http", *command: str) -> ToolkitProcess:
    """Start it on a free port and wait until it listens. `command` replaces the toolkit's own module."""
    arguments = [sys.executable, *(command or (*MODULE, "--transport", transport, "--port", "0"))]
    process = subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(environment),
    )
    started = ToolkitProcess(process)
    started.reader = threading.Thread(target=_read, args=(started,), daemon=True)
    started.reader.start()
    wait_for(lambda: started.url or process.poll() is not None, "the toolkit to listen", START_SECONDS)
    if not started.url:
        started.end()
        raise AssertionError(f"the toolkit ended with {process.returncode} instead of listening:\n{started.output}")
    return started


def _read(started: ToolkitProcess) -> None:
    stream: Any = started.process.stdout
    with stream:
        for line in stream:
            started.lines.append(line)
            if not started.url and "listening on http://" in line:
                started.url = line.split("listening on ", 1)[1].strip()
