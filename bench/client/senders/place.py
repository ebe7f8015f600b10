"""The server of a measurement, and the processes that send to it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.client.senders.built import COMPILED, built
from bench.results import ROOT

HERE = Path(__file__).parent
NODE = ROOT / "bench/client/node"
NOTICE = "collects usage analytics"
ONE_WRITE = "one-write"
"""No telemetry, only a file; it has `latency`."""
SENDERS = ("footfall", "posthog-python", "posthog-node")
"""Those that have every mode of program.py that their language allows; COMPILED have `latency` and `deliver`."""


class Place:
    """A running server; a context manager."""

    def __enter__(self) -> "Place":
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "server.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.url = f"http://127.0.0.1:{self._answer()}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, t: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def _say(self, word: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        return self._answer()

    def be(self, mode: str) -> None:
        """From now on be `up`, `down` (connections are refused) or `hang` (they are taken and never answered)."""
        self._say(mode)

    def arrived(self, key: str) -> dict[str, int]:
        """What came from the sender with a write key: `requests`, `bytes`, `events`, `distinct`."""
        nothing = {"requests": 0, "bytes": 0, "events": 0, "distinct": 0}
        found: dict[str, dict[str, int]] = self._say("report")
        return found.get(key, nothing)


class Sender:
    """A process that runs one of the sender programs.

    Args:
        name: one of SENDERS or COMPILED, or ONE_WRITE.
        key: its write key, by which the server knows it.
        directory: for its state and its log; the same for a next start.
        what: the program's own arguments.
    """

    def __init__(self, name: str, url: str, key: str, directory: Path, *what: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._log = directory / f"{time.monotonic_ns()}.log"
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "KUBECONFIG": "/nonexistent",
            "PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}:{ROOT}".lstrip(":"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*_program(name), url, key, *what],
                env=environ,
                cwd=directory,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def result(self) -> dict[str, float]:
        """What it printed last, as JSON, once it ended. Raises RuntimeError where it failed."""
        out, _ = self.process.communicate(timeout=600)
        if self.process.returncode:
            raise RuntimeError(f"{self.process.args!r} failed:\n{self._log.read_text()[-2000:]}")
        said: dict[str, float] = json.loads(out.splitlines()[-1])
        return said

    def order_shutdown(self) -> None:
        """Let it shut its library down as soon as it has recorded everything."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"shut down\n")
        self.process.stdin.flush()

    def ended(self) -> tuple[int, float | None]:
        """Wait for its end: how many events it gave to its library, and the seconds that its shutdown took."""
        out, _ = self.process.communicate(timeout=600)
        marks, _, said = out.partition(b"\n")
        return marks.count(b"."), json.loads(said)["seconds"] if said.strip() else None

    @property
    def log_lines(self) -> int:
        """Lines on its standard error, without the notice that Footfall gives at an instance's first start."""
        lines = self._log.read_text().splitlines()
        return len([line for line in lines if NOTICE not in line and not line.startswith("  ")])


def _program(name: str) -> list[str]:
    if name == "posthog-node":
        return ["node", str(HERE / "with_posthog_node.mjs")]
    if name in COMPILED:
        return [str(built(name))]
    return [sys.executable, str(HERE / f"with_{name.replace('-', '_')}.py")]


def install_node() -> None:
    """Install the peer from its lock file, unless that is done."""
    done = NODE / "node_modules/.installed"
    if not done.exists() or done.stat().st_mtime < (NODE / "package-lock.json").stat().st_mtime:
        command = ["npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=NODE, check=True)
        done.touch()


def node_version() -> str:
    """The peer's version, from its lock file."""
    lock = json.loads((NODE / "package-lock.json").read_bytes())
    return str(lock["packages"]["node_modules/posthog-node"]["version"])
