"""Alarms: the states on which an operator should act. `/metrics` and the data-health page show the same ones."""

import msgspec

ALARMS = {
    "journal_failing": "The journal can't be written",
    "loader_failing": "The store can't be written",
    "store_damaged": "A file of the data directory was damaged",
    "events_lost": "Events that were acknowledged are lost",
    "disk_low": "The disk is nearly full",
    "disk_quota_reached": "The disk has no more room for events, so they are refused",
    "retention_waiting": "Old events are not deleted until you confirm it (footfall-collector retain says why)",
    "proxy_untrusted": "Requests come through a proxy that is not in trusted_proxies, so all behind it are one sender",
    "key_alarm": "One write key receives more events than usual",
}
"""The gauge that is not 0 while an alarm is raised, and the alarm as a sentence without its full stop."""


class Alarm(msgspec.Struct, frozen=True):
    """A raised alarm. `since`: epoch seconds at which it was raised, or first noticed where it is measured."""

    name: str
    sentence: str
    since: float


class AlertEntry(msgspec.Struct, frozen=True):
    """An incident that a rule found, for the timeline.

    Attributes:
        rule: the rule's name, such as `error-rate`.
        product: empty where it is about the collector.
        sentence: what happened; `code` and **strong** are markup.
        begin: UTC, `2026-11-29 14:00`.
        end: the same; None while it goes on.
        sent: how often its message arrived, and at how many places it should: `2 of 2`.
    """

    rule: str
    product: str
    sentence: str
    begin: str
    end: str | None
    sent: str
