"""Programs of the rig: each has its own folder, dies with the tests whatever ends them, and is ended by its pid."""

import contextlib
import random
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

LOW, HIGH = 20_000, 32_000
"""Below the ports that the kernel gives to clients, so that no connection of a test takes one between two starts."""
STOP_SECONDS = 20.0


def free_ports(n: int) -> list[int]:
    """So many ports of 127.0.0.1 that nobody listens on."""
    found: list[int] = []
    with contextlib.ExitStack() as held:
        while len(found) < n:
            port = random.randrange(LOW, HIGH)
            tried = held.enter_context(socket.socket())
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    return found


class Program:
    """One program that can be started, killed and started again. `folder` has its files and its output."""

    def __init__(self, name: str, command: Sequence[str], folder: Path) -> None:
        self.name, self.folder = name, folder
        # Should pytest itself be killed, the kernel ends what it started.
        self._command = ["setpriv", "--pdeathsig", "KILL", *command]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def output(self) -> str:
        """The last lines of what it printed, of all starts."""
        path = self.folder / "output"
        return path.read_text("utf-8", "replace")[-4000:] if path.exists() else ""

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; whether it is ready is for the caller to wait for."""
        assert not self.running, f"{self.name} runs already"
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder
            )

    def kill(self) -> None:
        """SIGKILL, as when its machine fails."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL where that doesn't end it."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """SIGSTOP: connections stay, answers don't come."""
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
