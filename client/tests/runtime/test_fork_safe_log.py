"""A fork waits for a line of the background thread to end, but not long for a log handler that hangs."""

import threading
import time

from footfall.runtime.fork_safe_log import FORK_WAIT_SECONDS, Voice


def test_a_fork_waits_until_the_line_is_said() -> None:
    voice, begun, end = Voice(), threading.Event(), threading.Event()
    said: list[str] = []

    def write() -> None:
        begun.set()
        end.wait(10)
        said.append("a line")

    thread = threading.Thread(target=voice.say, args=(write,))
    thread.start()
    begun.wait(10)
    end.set()
    voice.pause()
    assert said == ["a line"]
    voice.go_on()
    thread.join()


def test_a_fork_does_not_wait_long_for_a_log_handler_that_hangs_and_the_child_can_speak() -> None:
    voice, begun, end = Voice(), threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        end.wait(10)

    thread = threading.Thread(target=voice.say, args=(hang,))
    thread.start()
    begun.wait(10)
    began = time.monotonic()
    voice.pause()
    assert FORK_WAIT_SECONDS * 0.9 <= time.monotonic() - began < 5
    voice.go_on()
    voice.begin_anew()
    said: list[str] = []
    voice.say(lambda: said.append("the child's"))
    assert said == ["the child's"]
    end.set()
    thread.join()


def test_a_log_handler_that_forks_itself_does_not_wait_for_itself() -> None:
    voice = Voice()
    began = time.monotonic()

    def fork() -> None:
        voice.pause()
        voice.go_on()

    voice.say(fork)
    assert time.monotonic() - began < FORK_WAIT_SECONDS
