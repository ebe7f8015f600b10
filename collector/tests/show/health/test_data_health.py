"""The sentence of the data-health page, from the collector's own counters."""

from footfall_collector.runtime.status import Status
from footfall_collector.show.health.data_health import _hour, _range, health_sentence
from footfall_collector.show.health.stored_days import StoredEvents


def test_a_collector_without_events_says_so() -> None:
    assert health_sentence(Status()) == "**No event** has come in since this collector started."
    assert health_sentence(Status(), StoredEvents()) == "**No event** has come in since this collector started."


def test_events_of_earlier_processes_are_in_the_sentence() -> None:
    assert health_sentence(Status(), StoredEvents(204_000, "2026-09-01", "2026-11-25")) == (
        "**No event** has come in since this collector started. "
        "The store has **204,000 events**, the last of 2026-11-25."
    )


def test_accepted_refused_and_waiting_events_are_in_the_sentence() -> None:
    status = Status()
    status.increment("events_accepted", "dot-ai", n=980)
    status.increment("events_refused", "dot-ai", "unknown_event", n=20)
    assert health_sentence(status) == (
        "**980 of 1,000 events** were accepted since this collector started; **the charts are up to date**."
    )
    status.set_gauge("journal_waiting_bytes", 512)
    assert health_sentence(status).endswith("some wait to be loaded.")


def test_an_alarm_replaces_the_counts() -> None:
    status = Status()
    status.increment("events_accepted", "dot-ai", n=980)
    status.set_gauge("loader_failing", 1)
    assert health_sentence(status).startswith("{bad|The store can't be written}: the collector's log says why.")


def test_the_last_event_has_the_hour_in_which_it_happened() -> None:
    assert _hour("2026-11-25T15:00:00Z") == "2026-11-25 15:00\u201316:00"
    assert _hour("2026-11-25T23:00:00Z") == "2026-11-25 23:00\u201300:00"
    assert _hour("2026-11-20") == "2026-11-20"


def test_many_versions_that_do_not_fit_are_their_range_and_number() -> None:
    assert _range(["1.10.0", "1.9.0", "2.0.0"]) == "1.9.0, 1.10.0, 2.0.0"
    assert _range(["1.10.0", "not given", "1.9.0", "2.0.0", "2.0.0-beta"]) == "1.9.0 to 2.0.0 (4), not given"
