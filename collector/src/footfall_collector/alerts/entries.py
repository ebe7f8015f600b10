"""Incidents as lines of the timeline."""

from collections.abc import Sequence
from datetime import UTC, datetime

from ..runtime import AlertEntry
from .alert_file import Incident


def alert_entries(incidents: Sequence[Incident]) -> list[AlertEntry]:
    """The newest first."""
    return [_entry(each) for each in sorted(incidents, key=lambda each: each.begin, reverse=True)]


def _entry(incident: Incident) -> AlertEntry:
    sent = sum(delivery.state == "sent" for delivery in incident.deliveries)
    return AlertEntry(
        rule=incident.rule,
        product=incident.product,
        sentence=incident.sentence,
        begin=_minute(incident.begin),
        end=None if incident.end is None else _minute(incident.end),
        sent=f"{sent} of {len(incident.deliveries)}",
    )


def _minute(epoch: float) -> str:
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%d %H:%M}"
