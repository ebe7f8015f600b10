"""Texts of numbers and moments; and that a moment is written by one function."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import footfall_collector
from footfall_collector.runtime import utc_stamp


def test_a_moment_is_written_in_utc_to_the_second_whatever_it_is_given_as() -> None:
    moment = datetime(2026, 11, 24, 15, 30, 59, 999_999, UTC)
    elsewhere = moment.astimezone(timezone(timedelta(hours=5, minutes=30)))
    for given in (moment, elsewhere, moment.timestamp(), int(moment.timestamp())):
        assert utc_stamp(given) == "2026-11-24T15:30:59Z"


def test_nothing_else_writes_such_a_stamp() -> None:
    sources = Path(footfall_collector.__file__).parent.rglob("*.py")
    assert [path.name for path in sources if '%H:%M:%SZ"' in path.read_text("utf-8")] == ["texts.py"]
