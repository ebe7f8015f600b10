"""The time of a first write key."""

import pytest

from footfall_collector.receive import FirstKeyWindow, RefusedError

POST = {"method": "POST", "headers": []}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_key_is_taken_for_ten_minutes_after_the_start_said_so() -> None:
    clock = Clock()
    window = FirstKeyWindow(600, clock)
    with pytest.raises(RefusedError, match="unknown_key"):
        window.check(dict(POST), "dot-ai")
    assert "within 10 minutes is added for dot-ai" in window.announcement("dot-ai")
    window.open()
    window.check(dict(POST), "dot-ai")
    clock.now += 599.9
    window.check(dict(POST), "dot-ai")
    clock.now += 0.1
    with pytest.raises(RefusedError) as refused:
        window.check(dict(POST), "dot-ai")
    assert refused.value.sentence == (
        "No write key is known here, and a first one is added only within 10 minutes after a start: "
        "`footfall-collector keys add --product dot-ai KEY` adds it, or restart the collector."
    )


def test_several_lines_of_a_header_are_all_looked_at() -> None:
    window = FirstKeyWindow(600)
    window.open()
    lines = [(b"sec-fetch-site", b"none"), (b"sec-fetch-site", b"cross-site")]
    with pytest.raises(RefusedError):
        window.check({"method": "POST", "headers": lines}, "dot-ai")
    window.check({"method": "POST", "headers": lines[:1]}, "dot-ai")
