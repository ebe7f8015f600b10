"""The demo as a person starts it: `make demo` in a separate terminal, until Ctrl-C."""

import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.support.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
OPEN_SECONDS = 90.0
END_SECONDS = 30.0
COMMAND = ("make", "--no-print-directory", "demo")


@dataclass
class DemoProcess:
    """A running demo. `children` are all processes that were seen below it."""

    process: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)
    children: set[psutil.Process] = field(default_factory=set)
    reader: threading.Thread | None = None

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def named(self, what: str) -> str:
        """The address that it prints after a name."""
        found = re.search(rf"^ *{what} +(\S.*)$", self.output, re.MULTILINE)
        assert found is not None, self.output
        return found[1]

    @property
    def collector(self) -> str:
        return self.named("Dashboard").split("/?")[0]

    def look(self) -> None:
        """Remember the processes there are now."""
        with_children = psutil.Process(self.process.pid)
        self.children.update(with_children.children(recursive=True))

    def running(self, module: str) -> psutil.Process:
        """The first child that runs a module."""
        self.look()
        found = [child for child in self.children if child.is_running() and module in child.cmdline()]
        return min(found, key=lambda child: child.create_time())

    def directory(self) -> Path:
        """Where this run writes."""
        command = self.running("footfall_collector").cmdline()
        return Path(command[command.index("--data") + 1]).parent

    def opened(self) -> "DemoProcess":
        """Wait until its startup messages are complete."""
        wait_for(lambda: "Connect yours" in self.output or self.ended, "the demo to open", OPEN_SECONDS)
        assert not self.ended, self.output
        self.look()
        return self

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def ctrl_c(self) -> int:
        """Send SIGINT to the whole foreground group, as a terminal does at Ctrl-C; returns the exit code of `make`."""
        self.look()
        os.killpg(self.process.pid, signal.SIGINT)
        return self.end()

    def end(self) -> int:
        """Wait for its end; the exit code."""
        code = self.process.wait(END_SECONDS)
        if self.reader is not None:
            self.reader.join(END_SECONDS)
        return code

    def left_over(self) -> list[psutil.Process]:
        """Processes of it that are still there."""
        _, alive = psutil.wait_procs(self.children, timeout=2)
        return list(alive)

    def __enter__(self) -> "DemoProcess":
        return self

    def __exit__(self, *_: object) -> None:
        if not self.ended:
            self.ctrl_c()


def start_demo(variables: Mapping[str, Any], command: tuple[str, ...] = COMMAND) -> DemoProcess:
    """Start it with these variables added to the environment, without those that an outer `make` sets."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "DEMO_", "PYTEST"))
    }
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=kept | {"PYTHONUNBUFFERED": "1"} | {name: str(value) for name, value in variables.items()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    started = DemoProcess(process)
    started.reader = threading.Thread(target=_read, args=(started,), daemon=True)
    started.reader.start()
    return started


def _read(started: DemoProcess) -> None:
    stream: Any = started.process.stdout
    with stream:
        for line in stream:
            started.lines.append(line)


def free_ports() -> dict[str, int]:
    """Two free ports, by the variables that set the demo's ports."""
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return {"FOOTFALL_PORT": one.getsockname()[1], "TOOLKIT_PORT": two.getsockname()[1]}


def is_free(port: int) -> bool:
    """Whether one can listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
