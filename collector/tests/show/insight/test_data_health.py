"""What the data-health page says of the collector's own counters."""

from footfall_collector.runtime.status import Status
from footfall_collector.show.insight.data_health import _hour, sentence


def test_a_quiet_collector_says_that_nothing_came_in() -> None:
    assert sentence(Status()) == "**No event** has come in since this collector started."


def test_what_was_accepted_refused_and_is_waiting_is_sentence() -> None:
    status = Status()
    status.count("events_accepted", "dot-ai", n=980)
    status.count("events_refused", "dot-ai", "unknown_event", n=20)
    assert sentence(status) == (
        "**980 of 1,000 events** were accepted since this collector started; **the charts are up to date**."
    )
    status.set("journal_waiting_bytes", 512)
    assert sentence(status).endswith("some wait to be loaded.")


def test_an_alarm_comes_before_everything_else() -> None:
    status = Status()
    status.count("events_accepted", "dot-ai", n=980)
    status.set("loader_failing", 1)
    assert sentence(status).startswith("{bad|The store can't be written}: the collector's log says why.")


def test_the_last_event_is_told_with_the_hour_that_it_is_known_by() -> None:
    assert _hour("2026-11-25T15:00:00Z") == "2026-11-25 15:00-16:00"
    assert _hour("2026-11-25T23:00:00Z") == "2026-11-25 23:00-00:00"
    assert _hour("2026-11-20") == "2026-11-20"
