"""Which clocks are believed, by an injected clock: at a start, while running, after a reboot, in every time zone."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.tests.clocks.machine import DAY, NOW, Machine

JUMPS = [31 * DAY, -31 * DAY, 730 * DAY, -730 * DAY, 3 * DAY, -3 * DAY]
YEAR_OFF = 365 * DAY


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize("when", ["at start", "while running", "at boot"])
def test_a_jump_is_doubted_until_the_clock_is_right_again(tmp_path: Path, jump: float, when: str) -> None:
    machine = Machine(tmp_path)
    process = machine.process()
    machine.off = jump
    if when == "at boot":
        machine.reboot(60)
    if when != "while running":
        process = machine.process()
    assert "ahead of" in process.doubt() if jump > 0 else "behind" in process.doubt()
    assert process.now() <= machine.clock.now() + 60
    for _ in range(5):
        machine.pass_(40 * DAY)
        process.keep()
        assert process.doubt(), "time that passes makes a wrong clock no better"
        process = machine.process()
        assert process.doubt(), "a restart makes a wrong clock no better"
    machine.off = 0.0
    assert machine.process().expected() >= NOW


@pytest.mark.parametrize("jump", [DAY, -DAY, 0])
def test_a_day_is_no_jump(tmp_path: Path, jump: float) -> None:
    machine = Machine(tmp_path)
    process = machine.process()
    machine.off = jump
    assert process.doubt() == ""
    assert machine.process().doubt() == ""
    machine.reboot(600)
    assert machine.process().doubt() == ""


def test_many_small_steps_within_one_boot_are_a_jump(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.process()
    believed = 0.0
    for _ in range(30):
        machine.off += DAY
        process = machine.process()
        process.keep()
        if not process.doubt():
            believed = machine.off
    assert believed <= 2 * DAY


def test_a_collector_that_was_off_for_months_waits_for_a_confirmation_and_goes_on(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.process()
    machine.reboot(100 * DAY)
    process = machine.process()
    assert "100 days ahead" in process.doubt()
    process.confirm()
    assert process.doubt() == ""
    assert machine.process().doubt() == ""
    machine.pass_(40 * DAY)
    assert process.doubt() == "", "it ran all the time"


def test_without_the_file_the_newest_event_stands_for_it(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert machine.process(int(NOW) - 3600).doubt() == ""
    (tmp_path / "clock.json").unlink()
    assert "30 days ahead" in machine.process(int(NOW) - 30 * DAY).doubt()
    (tmp_path / "clock.json").unlink()
    # An event that a wrong clock stamped in the future proves nothing.
    assert machine.process(int(NOW) + 700 * DAY).doubt() == ""


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"trusted":1e999,"anchor":0,"uptime":0}', bytes(range(128, 192))]
)
def test_a_damaged_file_is_no_reason_to_believe_or_to_stop(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "clock.json").write_bytes(content)
    machine = Machine(tmp_path)
    assert machine.process(int(NOW) - 30 * DAY).doubt()


def test_a_changed_digit_is_noticed_and_a_file_of_an_earlier_release_is_read(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.process()
    path = tmp_path / "clock.json"
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"newest_removed":""', b'"newest_removed":"2026-08"'))
    assert path.read_bytes() != content
    # The newest event stands for a file that is not believed.
    assert "30 days ahead" in machine.process(int(NOW) - 30 * DAY).doubt()
    path.write_bytes(re.sub(rb',\s*"crc32": "[0-9a-f]{8}"', b"", content))
    assert b"crc32" not in path.read_bytes()
    assert machine.process(int(NOW) - 30 * DAY).doubt() == ""


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati", "Europe/Berlin"])
def test_time_zones_and_daylight_saving_are_no_jump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    machine = Machine(tmp_path)
    process = machine.process()
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for _ in range(60):
            machine.pass_(7 * DAY + 1800)
            assert process.doubt() == ""
            process.keep()
        assert machine.process().doubt() == ""
    finally:
        monkeypatch.undo()
        time.tzset()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.floats(0, 60 * DAY)),
        st.tuples(st.just("set"), st.floats(-YEAR_OFF, YEAR_OFF)),
        st.tuples(st.just("restart"), st.just(0.0)),
        st.tuples(st.just("keep"), st.just(0.0)),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_within_a_boot_no_sequence_of_steps_makes_a_wrong_clock_trusted(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, float]]
) -> None:
    machine = Machine(tmp_path_factory.mktemp("machine"))
    process = machine.process()
    for step, number in steps:
        if step == "pass":
            machine.pass_(number)
        elif step == "set":
            machine.off = number
        elif step == "restart":
            process = machine.process()
        else:
            process.keep()
        if abs(machine.off) > 2 * DAY + 1:
            assert process.doubt(), "a wrong clock"
        assert process.now() <= machine.clock.now() + 2 * DAY + 1
