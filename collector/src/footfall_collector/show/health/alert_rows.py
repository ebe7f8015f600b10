"""The rows of the table of alerts."""

from ...runtime import Status
from ..insight import Cell, plain_sentence

MAX_ALERTS = 50


def alert_rows(status: Status, product: str | None = None) -> list[list[Cell]]:
    """Begin, end, product, rule, sentence and deliveries of the newest alerts: of all, or of one product."""
    entries = [each for each in status.alert_entries() if product in (None, each.product)]
    return [
        [
            each.begin,
            each.end or "goes on",
            each.product or "collector",
            each.rule.replace("-", " "),
            plain_sentence(each.sentence),
            each.sent,
        ]
        for each in entries[:MAX_ALERTS]
    ]
