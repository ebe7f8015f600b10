"""The alerts that were open in a range, as charts over time show them."""

import msgspec

from ...answer import Filters
from ...runtime import Status, utc_stamp
from ..insight import Moment, plain_sentence

MAX_OPEN = 50


class OpenAlert(msgspec.Struct, frozen=True):
    """An alert on charts over time.

    Attributes:
        rule: the rule's name, such as `error-rate`.
        text: what it found last.
        at: when it began.
        until: when it ended; null while it goes on.
    """

    rule: str
    text: str
    at: Moment
    until: Moment | None


def open_alerts(status: Status, filters: Filters) -> list[OpenAlert]:
    """Those of the product and of the collector, the earliest first, and of many the newest."""
    start, end = utc_stamp(filters.start), utc_stamp(filters.end)
    alerts = [
        OpenAlert(each.rule, plain_sentence(each.sentence), _moment(each.begin), each.end and _moment(each.end))
        for each in status.alert_entries()
        if each.product in ("", filters.product)
    ]
    inside = [each for each in alerts if each.at < end and (each.until is None or each.until >= start)]
    return inside[:MAX_OPEN][::-1]


def _moment(minute: str) -> str:
    return f"{minute.replace(' ', 'T')}:00Z"
