"""A full pipe that nobody reads: a command that writes to it waits, and can be interrupted at a known place."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.waiting import wait_for


@contextmanager
def unread_pipe() -> Iterator[int]:
    """The descriptor to write to."""
    reader, writer = os.pipe()
    try:
        os.set_blocking(writer, False)
        try:
            while True:
                os.write(writer, bytes(1 << 16))
        except BlockingIOError:
            pass
        os.set_blocking(writer, True)
        yield writer
    finally:
        os.close(reader)
        os.close(writer)


def interrupted(command: Sequence[str], environ: Mapping[str, str] | None = None) -> tuple[int, bytes]:
    """Run a command, press Ctrl-C while it waits for its reader; its exit code and what it says on stderr."""
    with (
        unread_pipe() as output,
        subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE, env=environ) as process,
    ):
        place = Path(f"/proc/{process.pid}/wchan")
        wait_for(lambda: "pipe_write" in place.read_text(), "the command to write", 60)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        return process.returncode, said
