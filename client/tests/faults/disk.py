"""A small disk for one test: a tmpfs in a mount namespace that only the test's processes see."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from client.tests.faults.harness import PROGRAMS, Host
from client.tests.support.server import Server


class Disk:
    """The disk. It ends with the process that holds its namespace, also if the test fails.

    Attributes:
        path: where it is mounted, as a process sees it that was started with `prefix`.
        seen: the same directory as this process sees it.
    """

    def __init__(self, path: Path, keeper: int) -> None:
        self.path = path
        self._keeper = keeper
        self.seen = Path(f"/proc/{keeper}/root") / path.relative_to("/")

    @property
    def prefix(self) -> tuple[str, ...]:
        """The words before a command that run it in the namespace of the disk."""
        return ("nsenter", f"--mount=/proc/{self._keeper}/ns/mnt", f"--wdns={PROGRAMS}", "--")

    def host(self, program: list[str], server: Server, **env: Any) -> Host:
        """A host whose state directory is on the disk."""
        notes = self.path.parent
        return Host(program, self.path / "state", server.url, prefix=self.prefix, notes=notes, **env)

    def command(self, *words: str) -> None:
        """Run a command in the namespace of the disk."""
        subprocess.run([*self.prefix, *words], check=True, capture_output=True)

    def fill(self) -> None:
        """Fill the disk to its last byte."""
        with (self.seen / "filler").open("ab", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(4096))
            except OSError:
                return

    def free(self) -> None:
        """Free the space that `fill` took."""
        (self.seen / "filler").unlink()


@contextmanager
def disk(path: Path, options: str) -> Iterator[Disk]:
    """A tmpfs with mount options such as `size=300k`; skips the test if this user may not mount."""
    path.mkdir()
    namespace = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    script = 'mount -t tmpfs -o "$1" tmpfs "$2" && echo mounted && exec cat'
    keeper = subprocess.Popen(
        [*namespace, "sh", "-c", script, "sh", options, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with keeper:
        assert keeper.stdout is not None
        assert keeper.stdin is not None
        if keeper.stdout.readline() != "mounted\n":
            pytest.skip("this user may not mount a tmpfs in a new namespace")
        try:
            yield Disk(path, keeper.pid)
        finally:
            keeper.stdin.close()
