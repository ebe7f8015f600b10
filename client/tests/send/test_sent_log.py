"""The local log of sent events: those of the last 7 days, within a mebibyte, and none that is older."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

from footfall.send.sent_log import FILE_BYTES, SentLog

DAY = 86_400
NOW = 1_790_000_000


def event(number: int) -> bytes:
    return json.dumps({"event": "tool_executed", "number": number}).encode()


def numbers(log: SentLog, now: float) -> Iterator[int]:
    return (entry["event"]["number"] for entry in log.read(now))


def lines(directory: Path) -> int:
    return sum(len(path.read_bytes().splitlines()) for path in directory.iterdir())


def test_at_any_time_it_holds_every_event_of_the_last_seven_days_and_no_older_one(tmp_path: Path) -> None:
    """An event every three hours for a month."""
    log = SentLog(str(tmp_path))
    step = DAY // 8
    for number in range(30 * 8):
        now = NOW + number * step
        log.append([event(number)], now)
        assert list(numbers(log, now)) == list(range(max(0, number - 7 * 8), number + 1))
        # Older ones are deleted within the hour, not only hidden.
        assert lines(tmp_path) <= 7 * 8 + 2


def test_after_a_long_pause_only_new_events_are_left(tmp_path: Path) -> None:
    log = SentLog(str(tmp_path))
    log.append([event(1), event(2)], NOW)
    log.append([event(3)], NOW + 30 * DAY)
    assert list(numbers(log, NOW + 30 * DAY)) == [3]
    assert lines(tmp_path) == 1


def test_it_never_grows_beyond_a_megabyte_and_keeps_the_newest(tmp_path: Path) -> None:
    log = SentLog(str(tmp_path))
    for number in range(0, 40_000, 100):
        log.append([event(n) for n in range(number, number + 100)], NOW)
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 2 * FILE_BYTES
    kept = list(numbers(log, NOW))
    assert kept == list(range(kept[0], 40_000))
    assert len(kept) > 8_000


def test_a_line_that_a_crash_cut_short_spoils_no_other(tmp_path: Path) -> None:
    log = SentLog(str(tmp_path))
    log.append([event(1)], NOW)
    with (tmp_path / "egress.jsonl").open("ab") as file:
        file.write(b'{"sent":17900')
    log.append([event(2)], NOW)
    log.append([event(3)], NOW)
    assert list(numbers(log, NOW))[-1:] == [3]
    assert 1 in list(numbers(log, NOW))


def test_only_the_owner_may_read_it_also_after_it_was_rewritten(tmp_path: Path) -> None:
    log = SentLog(str(tmp_path))
    log.append([event(1)], NOW)
    log.append([event(2)], NOW + 5 * DAY)
    log.append([event(3)], NOW + 8 * DAY)
    assert list(numbers(log, NOW + 8 * DAY)) == [2, 3]
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_without_a_writable_directory_there_is_no_log(tmp_path: Path) -> None:
    for log in (SentLog(None), SentLog(str(tmp_path / "missing"))):
        log.append([event(1)], NOW)
        assert list(numbers(log, NOW)) == []
