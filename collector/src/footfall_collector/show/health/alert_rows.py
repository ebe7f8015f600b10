"""The rows of the table of alerts."""

from ...runtime import Status
from ..insight import Cell, plain_sentence

MAX_ALERTS = 50


def alert_rows(status: Status) -> list[list[Cell]]:
    """Begin, end, product, rule, sentence and deliveries of the newest alerts."""
    return [
        [
            each.begin,
            each.end or "goes on",
            each.product or "collector",
            each.rule.replace("-", " "),
            plain_sentence(each.sentence),
            each.sent,
        ]
        for each in status.alert_entries()[:MAX_ALERTS]
    ]
