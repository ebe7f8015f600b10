"""Waiting for a condition with a deadline, instead of sleeping."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
STEP_SECONDS = 0.05


def wait_for(condition: Callable[..., T], what: str = "the condition", seconds: float = 15.0) -> T:
    """The first true value of `condition()`; AssertionError with the last value where none comes in time.

    The condition is called without arguments; a lambda in a loop binds the loop's variables as defaults.
    """
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    while not (seen := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain for {what}; last seen: {seen!r}")
        pause.wait(STEP_SECONDS)
    return seen


def steadily(condition: Callable[[], object], what: str, seconds: float = 1.5) -> None:
    """Assert that `condition()` stays true for `seconds`."""
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), f"{what}: no longer so"
        pause.wait(STEP_SECONDS)
