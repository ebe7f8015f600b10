"""The worker's process as the collector sees it: started when it is needed, ended when it fails or is not needed."""

import dataclasses
import signal
import subprocess
import sys
from contextlib import suppress

import msgspec

from ..limits import Limits
from .frames import receive, send

JOB_CPU_SECONDS = 3.0
"""Far more than decoding the largest body takes."""
_END_SECONDS = 5.0


class WorkerEndedError(Exception):
    """The worker ended before its answer, or can't be started.

    Attributes:
        too_slow: the kernel ended it because the body took too much processor time.
    """

    def __init__(self, *, too_slow: bool) -> None:
        super().__init__()
        self.too_slow = too_slow


class WorkerProcess:
    """Blocking: it is used on one thread, which is not the event loop's."""

    def __init__(self, limits: Limits, job_seconds: float = JOB_CPU_SECONDS) -> None:
        self._arguments = [msgspec.json.encode(dataclasses.asdict(limits)).decode(), str(job_seconds)]
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self, *payloads: bytes) -> None:
        """Send the first messages about a body, to a new process where none runs. Raises WorkerEndedError."""
        if self._process is not None and self._process.poll() is not None:
            self.close()  # it was ended from outside, between two bodies
        if self._process is None:
            # -P: no module of the working directory, which others may write to, is imported.
            command = [sys.executable, "-P", "-m", "footfall_collector.receive.large.worker", *self._arguments]
            try:
                self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            except (OSError, ValueError) as error:
                raise WorkerEndedError(too_slow=False) from error
        self.send(*payloads)

    def send(self, *payloads: bytes) -> None:
        """Raises WorkerEndedError, also where the process ended between two messages: another one knows no body."""
        try:
            stream = self._running().stdin
            assert stream is not None
            for payload in payloads:
                send(stream.write, payload)
            stream.flush()
        except (OSError, EOFError, ValueError) as error:
            raise self._ended() from error

    def receive(self) -> bytes:
        """The next payload. Raises WorkerEndedError."""
        try:
            stream = self._running().stdout
            assert stream is not None
            return receive(stream.read)
        except (OSError, EOFError, ValueError) as error:
            raise self._ended() from error

    def close(self) -> int | None:
        """End the process; returns its code where it had ended already. Safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return None
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()
        code = process.poll()
        process.kill()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
        return code

    def _running(self) -> "subprocess.Popen[bytes]":
        """Raises EOFError where no process runs."""
        if self._process is None:
            raise EOFError
        return self._process

    def _ended(self) -> WorkerEndedError:
        process = self._process
        if process is not None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_END_SECONDS)  # its pipes are closed a moment before it has ended
        return WorkerEndedError(too_slow=self.close() == -signal.SIGPROF)
