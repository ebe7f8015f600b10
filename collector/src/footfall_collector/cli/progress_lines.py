"""Progress of long commands, on stderr."""

import sys
import time
from collections.abc import Callable
from typing import Any

_SHOW_SECONDS = 0.5


class ProgressLines:
    """Lines on stderr, at most two a second, so that a user sees that long work goes on."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _SHOW_SECONDS

    def __call__(self, text: str) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _SHOW_SECONDS
            print(f"  {text}", file=sys.stderr, flush=True)


def show_seconds(activity: str) -> Callable[[dict[str, Any]], None]:
    """A handler of progress `{"seconds": number}`."""
    lines = ProgressLines()
    return lambda progress: lines(f"{activity}, {progress['seconds']} s so far")
