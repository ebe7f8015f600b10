"""An event's time is by the collector's clock, cut to the second and clamped; its own stamp never moves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall_collector.admit.times import MAX_AGE_SECONDS, corrected, epoch_of, is_late

NOW = 1_795_500_000.5


@pytest.mark.parametrize(
    ("stamp", "epoch"),
    [
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01T00:00:01.250+00:00", 1.25),
        ("1970-01-01T01:00:01+01:00", 1.0),
        ("1970-01-01T00:00:01", 1.0),
        ("1970-01-01", 0.0),
        ("soon", None),
        ("", None),
        (5, None),
        (None, None),
        ("0001-01-01T00:00:00+23:59", -62135683140.0),
        ("1970-01-01T00:00:01Z" + " " * 40, None),
    ],
)
def test_a_timestamp_is_an_rfc_3339_time_or_none(stamp: object, epoch: float | None) -> None:
    assert epoch_of(stamp) == epoch


def test_a_client_whose_clock_is_an_hour_slow_is_corrected() -> None:
    assert corrected(NOW - 3600 - 10, NOW, skew=3600) == (int(NOW - 10), int(NOW - 3610))


def test_a_future_timestamp_is_now_and_an_ancient_one_is_thirty_days_ago() -> None:
    assert corrected(NOW + 500, NOW, 0.0)[0] == int(NOW)
    assert corrected(0.0, NOW, 0.0)[0] == int(NOW - MAX_AGE_SECONDS)


def test_without_a_timestamp_the_time_of_the_request_is_used() -> None:
    assert corrected(None, NOW, 50.0) == (int(NOW), int(NOW))


@given(st.text(max_size=45) | st.datetimes().map(str), st.floats(min_value=-1e13, max_value=1e13))
def test_any_timestamp_and_clock_give_a_time_within_the_last_thirty_days(stamp: str, skew: float) -> None:
    ts, sent = corrected(epoch_of(stamp), NOW, skew)
    assert int(NOW - MAX_AGE_SECONDS) <= ts <= NOW
    assert 0 <= sent <= 4_102_444_800


@pytest.mark.parametrize(
    ("happened", "late"),
    [
        ("2026-11-24T12:00:00Z", False),
        ("2026-11-24T00:00:00Z", False),
        ("2026-11-23T23:59:59Z", True),
        ("2026-10-26T12:00:00Z", True),
    ],
)
def test_an_event_of_an_earlier_day_is_late(happened: str, late: bool) -> None:
    """A sender who chose the days of his events would be established with one request."""
    received = epoch_of("2026-11-24T12:00:00Z")
    at = epoch_of(happened)
    assert at is not None
    assert received is not None
    assert is_late(int(at), received) is late


def test_an_event_is_in_time_for_an_hour_after_midnight() -> None:
    at, received = epoch_of("2026-11-23T23:30:00Z"), epoch_of("2026-11-24T00:30:00Z")
    assert at is not None
    assert received is not None
    assert not is_late(int(at), received)
    assert is_late(int(at), received + 1)
