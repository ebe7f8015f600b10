"""The rig's programs: each has its own folder, ends with the tests, and is ended by its process ID."""

import contextlib
import random
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

LOW, HIGH = 20_000, 32_000
"""Below the kernel's ports for clients, so that no connection of a test takes a port between two starts."""
STOP_SECONDS = 20.0


def free_ports(n: int) -> list[int]:
    """`n` free ports of 127.0.0.1."""
    ports: list[int] = []
    with contextlib.ExitStack() as sockets:
        while len(ports) < n:
            port = random.randrange(LOW, HIGH)
            candidate = sockets.enter_context(socket.socket())
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports.append(port)
    return ports


class Program:
    """A program that can be started, killed and started again. `folder` has its files and its output."""

    def __init__(self, name: str, command: Sequence[str], folder: Path) -> None:
        self.name, self.folder = name, folder
        # If pytest is killed, the kernel kills the programs that it started.
        self._command = ["setpriv", "--pdeathsig", "KILL", *command]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def output(self) -> str:
        """The end of the output of all starts."""
        path = self.folder / "output"
        return path.read_text("utf-8", "replace")[-4000:] if path.exists() else ""

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the program; the caller waits until it is ready."""
        assert not self.running, f"{self.name} runs already"
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder
            )

    def kill(self) -> None:
        """SIGKILL, as when its machine fails."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, then SIGKILL if the program doesn't end."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """SIGSTOP: connections stay open, but nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(number)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)
        self._process = None
