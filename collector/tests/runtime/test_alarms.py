"""Alarms: one list for `/healthz`, the data-health page and the metrics."""

from footfall_collector.runtime import ALARMS, Alarm, Status
from footfall_collector.runtime.metrics import METRIC_HELP
from footfall_collector.show.health.data_health import health_sentence


def test_every_metric_that_is_an_alarm_is_in_the_list() -> None:
    assert {name for name, meaning in METRIC_HELP.items() if meaning.startswith("Alarm:")} == ALARMS.keys()


def test_an_alarm_keeps_the_time_at_which_it_was_raised_until_it_ends() -> None:
    now = 100.0
    status = Status(lambda: now)
    status.set_gauge("journal_failing", 1)
    now = 200.0
    status.set_gauge("journal_failing", 1)
    assert status.alarms() == [Alarm("journal_failing", ALARMS["journal_failing"], 100.0)]
    status.set_gauge("journal_failing", 0)
    assert status.alarms() == []
    status.set_gauge("journal_failing", 1)
    assert [alarm.since for alarm in status.alarms()] == [200.0]


def test_a_measured_alarm_begins_when_it_is_first_noticed() -> None:
    now, raised = 100.0, 0.0
    status = Status(lambda: now)
    status.add_gauge("key_alarm", lambda: raised)
    assert status.alarms() == []
    raised = 1.0
    assert [alarm.since for alarm in status.alarms()] == [100.0]
    now = 200.0
    assert [alarm.since for alarm in status.alarms()] == [100.0]


def test_the_data_health_page_names_every_alarm() -> None:
    status = Status()
    for name in ALARMS:
        status.set_gauge(name, 1)
    assert all(text in health_sentence(status) for text in ALARMS.values())
