"""A host application as a process, and the `footfall` command of its user."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HOST = str(Path(__file__).parent / "programs" / "host.py")
COMMAND = os.path.join(os.path.dirname(sys.executable), "footfall")
NOBODY = "http://127.0.0.1:9"
"""A port without a listener."""
KINDS = 7
"""The number of events of a host that records three calls: start, calls, an error, a letter, and stop."""


class Machine:
    """A user's machine: a home directory and environment variables.

    Args:
        home: where the user's files are.
        host: where telemetry goes.
        grace: seconds before anything is sent.
    """

    def __init__(self, home: Path, host: str = NOBODY, grace: float = 3600, name: str = "post") -> None:
        home.mkdir(exist_ok=True)
        self.name = name
        self.home = home
        self.state = home / ".local" / "state" / "footfall" / name
        prefix = f"{name.upper()}_"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "KUBECONFIG": os.devnull,
            f"{prefix}POSTHOG_HOST": host,
            f"{prefix}POSTHOG_KEY": "phc_theirs",
            f"{prefix}TELEMETRY_GRACE_SECONDS": str(grace),
            f"{prefix}TELEMETRY_FLUSH_SECONDS": "0.1",
        }

    def with_variables(self, **more: str) -> "Machine":
        """The same machine with more variables set."""
        other = Machine(self.home, name=self.name)
        other.environment = {**self.environment, **more}
        return other

    @contextmanager
    def serving(self, calls: int = 3) -> Iterator["subprocess.Popen[str]"]:
        """A host application that has recorded `calls` calls, until the block ends."""
        process = subprocess.Popen(
            [sys.executable, HOST, self.name, str(calls)],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
            process.communicate(timeout=30)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def run(self, calls: int = 3) -> None:
        """Run a host application from start to end."""
        with self.serving(calls):
            pass

    def footfall(self, *arguments: str, code: int = 0) -> str:
        """The stdout of a command, which must end with the exit code `code`, and never with a traceback."""
        done = self.ended(*arguments)
        assert done.returncode == code, done.stderr
        return done.stdout.decode()

    def ended(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        """Run a command to its end."""
        done = subprocess.run([COMMAND, *arguments], env=self.environment, capture_output=True, timeout=60, check=False)
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        return done

    def told(self, *arguments: str) -> Any:
        """The JSON that a command prints."""
        return json.loads(self.footfall(*arguments, "--json"))

    def spool(self) -> list[str]:
        """Names of the spool's files."""
        directory = self.state / "spool"
        return sorted(path.name for path in directory.iterdir()) if directory.is_dir() else []
