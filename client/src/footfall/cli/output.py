"""Standard output: a failure to write it is not taken for one of the state directory."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any


class OutputError(Exception):
    """Standard output can't be written; the message is the system's reason."""


class _CheckedStream:
    """A stream whose failures, except for a closed pipe, are OutputErrors."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def buffer(self) -> "_CheckedStream":
        return _CheckedStream(self._stream.buffer)

    def write(self, data: Any) -> int:
        with _failures():
            return int(self._stream.write(data))

    def flush(self) -> None:
        with _failures():
            self._stream.flush()


@contextlib.contextmanager
def checked_stdout() -> Iterator[None]:
    """Replace `sys.stdout`, and flush it at the end of the block, also where argparse ends the program.

    Raises:
        OutputError: something could not be written.
        BrokenPipeError: the reader is gone.
        KeyboardInterrupt: the rest of the output is dropped, since its reader may never read it.
    """
    stream: Any = sys.stdout
    if stream is None:
        yield  # the caller closed it: prints go nowhere, which is what it asked for
        return
    checked = _CheckedStream(stream)
    sys.stdout = checked
    try:
        try:
            yield
        except (Exception, SystemExit):
            checked.flush()
            raise
        checked.flush()
    except (OutputError, BrokenPipeError, KeyboardInterrupt):
        # What is left in the buffer would fail again, or wait, when the interpreter ends.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise
    finally:
        sys.stdout = stream


def print_bytes(data: bytes) -> None:
    """Print bytes as they are."""
    if sys.stdout is not None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def print_once(text: str) -> None:
    """Print what no later command can print again: on stderr where stdout can't be written."""
    try:
        print(text, file=sys.stdout or sys.stderr, flush=True)
    except (OutputError, BrokenPipeError):
        print(text, file=sys.stderr)
        raise


@contextlib.contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise OutputError(getattr(error, "strerror", None) or "it is closed") from None
