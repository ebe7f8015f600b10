"""Real host processes under faults: the events they accept, those that arrive, and their ends."""

import json
import os
import signal
import struct
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

from client.tests.support.server import Server
from tests.support.waiting import wait_for

PROGRAMS = Path(__file__).with_name("programs")
START_SECONDS = 30.0


class Host:
    """A child process that runs one of the programs over a state directory.

    Args:
        program: file name in programs/ with its arguments, or arguments of Python that begin with `-m`.
        state: the state directory.
        url: the address that it sends to.
        prefix: a command that runs the program, such as `unshare …`.
        python: the interpreter, by default the tests' own.
        notes: the directory of its ledger and log, by default the parent of the state directory.
    """

    _count = 0
    running: ClassVar[list["Host"]] = []
    """The hosts started since `end_all`; a failing test may leave some running."""

    def __init__(
        self,
        program: list[str],
        state: Path,
        url: str,
        *,
        prefix: tuple[str, ...] = (),
        python: Path = Path(sys.executable),
        notes: Path | None = None,
        **env: str,
    ) -> None:
        Host._count += 1
        self.state = state
        notes = notes or state.parent
        self._ledger = notes / f"{state.name}-{Host._count}.ledger"
        self._ledger.write_bytes(bytes(24))
        self._log = notes / f"{state.name}-{Host._count}.log"
        environ = {"HOME": str(notes), "LEDGER": str(self._ledger), **_environ(state, url), **env}
        self._began = time.monotonic()
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*prefix, str(python), *program],
                cwd=PROGRAMS,
                env=environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        Host.running.append(self)

    @classmethod
    def end_all(cls) -> None:
        """Kill the hosts that still run."""
        for host in cls.running:
            if host.process.poll() is None:
                host.process.kill()
                host.process.wait()
        cls.running.clear()

    def wait_for_line(self, line: str) -> "Host":
        """Read the program's output until it prints this line."""
        assert self.process.stdout is not None
        said = ""
        while said.strip() != line:
            said = self.process.stdout.readline()
            assert said, f"the program ended before it said {line!r}: {self.log}"
        return self

    def read_after(self, beginning: str) -> str:
        """Read the program's output until a line begins with `beginning`; the rest of that line."""
        assert self.process.stdout is not None
        while True:
            said = self.process.stdout.readline()
            assert said, f"the program ended before it said {beginning!r}: {self.log}"
            if said.startswith(beginning):
                return said[len(beginning) :].strip()

    def say(self, line: str) -> None:
        """Write a line to the program's standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def kill(self, number: int = signal.SIGKILL) -> float:
        """Send a signal and wait for the end; the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.wait()
        return time.monotonic() - began

    def wait(self, seconds: float = 60.0) -> int:
        """Wait for the end; the exit code."""
        assert self.process.stdin is not None
        code = self.process.wait(seconds)
        self.process.stdin.close()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def end(self) -> float:
        """Close the program's standard input and wait for the end; the seconds it took."""
        assert self.process.stdin is not None
        began = time.monotonic()
        self.process.stdin.close()
        self.process.wait(60)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return time.monotonic() - began

    def __enter__(self) -> "Host":
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.kill()

    @property
    def age(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self._began

    @property
    def log(self) -> str:
        """Its stderr."""
        return self._log.read_text()

    @property
    def begun(self) -> int:
        """The number of events it passed to record()."""
        return self._numbers()[0]

    @property
    def accepted(self) -> int:
        """The number of events for which record() returned."""
        return self._numbers()[1]

    @property
    def slowest(self) -> float:
        """The seconds of the slowest record()."""
        return self._numbers()[2] / 1e9

    def _numbers(self) -> tuple[int, int, int]:
        return struct.unpack("QQQ", self._ledger.read_bytes())


def _environ(state: Path, url: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "KUBECONFIG": "/nonexistent",
        "TEST_HOST_TELEMETRY_STATE_DIR": str(state),
        "TEST_HOST_POSTHOG_HOST": url,
        "TEST_HOST_POSTHOG_KEY": "phc_test",
        "TEST_HOST_TELEMETRY_GRACE_SECONDS": "0",
        "TEST_HOST_TELEMETRY_FLUSH_SECONDS": "0.2",
    }


def deliver_rest(state: Path, url: str, **env: Any) -> None:
    """Start a process that records nothing and delivers the events that earlier ones left."""
    with Host(["deliver.py"], state, url, **env) as host:
        assert host.wait(90) == 0, host.log


def total(hosts: list[Host]) -> tuple[Counter[str], Counter[str]]:
    """The least and the greatest number of events per tool that the hosts accepted; a kill may fall between them."""
    at_least: Counter[str] = Counter()
    at_most: Counter[str] = Counter()
    for host in hosts:
        at_least.update(f"t{number % 1000}" for number in range(host.accepted))
        at_most.update(f"t{number % 1000}" for number in range(host.begun))
    return at_least, at_most


def tools(server: Server) -> Counter[str]:
    """The number of distinct events per tool that the server accepted."""
    events = list(server.accepted.values())
    return Counter(e["properties"]["tool"] for e in events if e["event"] == "tool_executed")


def assert_all_arrived(server: Server, *hosts: Host) -> None:
    """Every event that record() accepted is at the server, and no event that was not recorded."""
    at_least, at_most = total(list(hosts))
    arrived = tools(server)
    assert not at_least - arrived, f"lost: {at_least - arrived}"
    assert not arrived - at_most, f"invented: {arrived - at_most}"


def get(port: str, path: int) -> None:
    """Request a page, and repeat it until the server listens."""

    def answered() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    wait_for(answered, "an answer of the web server")


def dropped(state: Path) -> dict[str, int]:
    """The number of dropped events of a state directory, by reason."""
    counts: dict[str, int] = read(state / "ship.json").get("dropped", {})
    return counts


def read(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if there is none."""
    return json.loads(path.read_bytes()) if path.exists() else {}


def footfall_status(state: Path, *prefix: str) -> dict[str, Any]:
    """The JSON of `footfall status`."""
    environ = {**os.environ, "TEST_HOST_TELEMETRY_STATE_DIR": str(state), "TEST_HOST_POSTHOG_KEY": "phc_test"}
    command = [*prefix, str(Path(sys.executable).with_name("footfall")), "status", "--product", "test-host", "--json"]
    told: dict[str, Any] = json.loads(subprocess.run(command, env=environ, check=True, capture_output=True).stdout)
    return told
