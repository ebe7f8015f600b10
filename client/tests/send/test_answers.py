"""The meaning of answers: only PostHog's own acknowledgement counts, and no answer can make the sender fail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.send.wire import MAX_RETRY_AFTER_SECONDS, Delivered, Refused, Retry, interpret_answer


@pytest.mark.parametrize("body", [b'{"status":1}', b'{"status": "Ok"}', b'{"quota_limited":[],"status":1}'])
def test_posthog_s_answers_are_acknowledgements(body: bytes) -> None:
    assert interpret_answer(200, body, "") == Delivered()


@pytest.mark.parametrize(
    "body", [b"", b"OK", b"<html>status</html>", b'"status"', b'["status"]', b"1", b"null", b"{}", b"\xff", b"[" * 9999]
)
def test_any_other_body_with_200_keeps_the_batch(body: bytes) -> None:
    assert isinstance(interpret_answer(200, body, ""), Retry)


@pytest.mark.parametrize("status", [400, 413])
def test_a_batch_that_will_never_be_accepted_is_refused(status: int) -> None:
    assert interpret_answer(status, b"", "") == Refused(status)


@given(
    status=st.integers(100, 599).filter(lambda s: s not in (200, 400, 413)),
    answer=st.binary(max_size=200),
    retry_after=st.text(max_size=20),
)
def test_every_other_answer_keeps_the_batch_and_waits_a_bounded_time(
    status: int, answer: bytes, retry_after: str
) -> None:
    outcome = interpret_answer(status, answer, retry_after)
    assert isinstance(outcome, Retry)
    assert 0 <= outcome.after <= MAX_RETRY_AFTER_SECONDS
    assert outcome.reason == f"HTTP status {status}"


@pytest.mark.parametrize(("header", "seconds"), [("30", 30), (" 5 ", 5), ("-1", 0), ("1e9", 0), ("99999999", 86400)])
def test_retry_after_is_honoured_within_a_day(header: str, seconds: float) -> None:
    outcome = interpret_answer(429, b"", header)
    assert isinstance(outcome, Retry)
    assert outcome.after == seconds
