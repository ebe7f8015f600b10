"""A fork waits until the background thread has written its line, but not long for a log handler that hangs."""

import threading
import time

from footfall.runtime.fork_safe_log import FORK_WAIT_SECONDS, ForkSafeLog


def test_a_fork_waits_until_the_line_is_written() -> None:
    log, begun, end = ForkSafeLog(), threading.Event(), threading.Event()
    written: list[str] = []

    def write_line() -> None:
        begun.set()
        end.wait(10)
        written.append("a line")

    thread = threading.Thread(target=log.write, args=(write_line,))
    thread.start()
    begun.wait(10)
    end.set()
    log.before_fork()
    assert written == ["a line"]
    log.after_fork_in_parent()
    thread.join()


def test_a_fork_does_not_wait_long_for_a_log_handler_that_hangs_and_the_child_can_log() -> None:
    log, begun, end = ForkSafeLog(), threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        end.wait(10)

    thread = threading.Thread(target=log.write, args=(hang,))
    thread.start()
    begun.wait(10)
    start = time.monotonic()
    log.before_fork()
    assert FORK_WAIT_SECONDS * 0.9 <= time.monotonic() - start < 5
    log.after_fork_in_parent()
    log.after_fork_in_child()
    written: list[str] = []
    log.write(lambda: written.append("the child's"))
    assert written == ["the child's"]
    end.set()
    thread.join()


def test_a_log_handler_that_forks_does_not_wait_for_itself() -> None:
    log = ForkSafeLog()
    start = time.monotonic()

    def fork() -> None:
        log.before_fork()
        log.after_fork_in_parent()

    log.write(fork)
    assert time.monotonic() - start < FORK_WAIT_SECONDS
