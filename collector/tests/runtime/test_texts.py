"""Texts of names, days and moments; and that a moment is written by one function."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import footfall_collector
from footfall_collector.runtime import choice, plain_day, utc_stamp


def test_a_moment_is_written_in_utc_to_the_second_whatever_it_is_given_as() -> None:
    moment = datetime(2026, 11, 24, 15, 30, 59, 999_999, UTC)
    elsewhere = moment.astimezone(timezone(timedelta(hours=5, minutes=30)))
    for given in (moment, elsewhere, moment.timestamp(), int(moment.timestamp())):
        assert utc_stamp(given) == "2026-11-24T15:30:59Z"


def test_names_and_days_are_written_as_people_do() -> None:
    assert [choice(["hide"]), choice(("hide", "all")), choice({"hide": 1, "only": 2, "all": 3})] == [
        "hide",
        "hide or all",
        "hide, only or all",
    ]
    assert [plain_day("2026-11-03T10:00:00Z"), plain_day("2026-09-30"), plain_day("")] == [
        "3 Nov 2026",
        "30 Sept 2026",
        "",
    ]


def test_nothing_else_writes_such_a_stamp() -> None:
    sources = Path(footfall_collector.__file__).parent.rglob("*.py")
    assert [path.name for path in sources if '%H:%M:%SZ"' in path.read_text("utf-8")] == ["texts.py"]
