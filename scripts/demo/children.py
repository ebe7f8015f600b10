"""A child process of the demo: keeps its last output, reads its address from it, and ends it by its own handle."""

import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping

from scripts.demo.plan import DemoError

START_SECONDS = 30.0
STOP_SECONDS = 8.0
_KEPT_LINES = 30
_LISTENING = "listening on http://"


class Child:
    """Python running as a child process.

    It runs in a separate session, so that Ctrl-C in the terminal reaches the demo alone, which then ends its children
    in the right order.
    """

    def __init__(self, name: str, arguments: list[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self.url = ""
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._listening = threading.Event()
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=dict(environment),
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name=f"{name}-output", daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def listening(self) -> str:
        """Wait until it prints where it listens; returns its address without a trailing slash.

        Raises:
            DemoError: it ended, or said nothing for half a minute.
        """
        self._listening.wait(START_SECONDS)
        if not self.url:
            if self.alive:
                raise DemoError(f"the {self.name} did not listen within {START_SECONDS:g} s\n{self.output()}")
            raise self.died()
        return self.url

    def died(self) -> DemoError:
        """The error that says how it ended, with its last output."""
        code = self._process.wait()
        self._reader.join(STOP_SECONDS)
        how = f"with exit code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"
        return DemoError(f"the {self.name} ended {how}\n{self.output()}")

    def output(self) -> str:
        """Its last lines, indented."""
        return "".join(f"  {self.name}: {line}\n" for line in self._lines) or f"  ({self.name} printed nothing)\n"

    def stop(self) -> None:
        """Send SIGTERM, then SIGKILL if it does not end; returns when it is gone. Idempotent."""
        if self.alive:
            self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(STOP_SECONDS)

    def _read(self) -> None:
        stream = self._process.stdout
        if stream is None:
            return
        with stream:
            for line in stream:
                self._lines.append(line.rstrip())
                if not self.url and _LISTENING in line:
                    self.url = "http://" + line.split(_LISTENING, 1)[1].split()[0].rstrip("/.")
                    self._listening.set()
        self._listening.set()
