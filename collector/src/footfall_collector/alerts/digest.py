"""The weekly digest: the report of the seven whole days before its day, for every product that has events."""

from datetime import UTC, datetime, timedelta

from ..answer import Answers, Filters
from ..show.report import Report, build_report
from .message import Message

HOUR = 8
"""UTC; from then on the digest of a day is due."""
LATE_DAYS = 1
"""A digest that was not made by the end of the next day is left out."""
MAX_NOTES = 3
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def due_day(weekday: str, now: float) -> str | None:
    """The day (`2026-11-30`) whose digest is due now, sent or not; None where there is none."""
    if weekday not in WEEKDAYS:
        return None
    moment = datetime.fromtimestamp(now, UTC)
    since = (moment.weekday() - WEEKDAYS.index(weekday)) % 7
    if since > LATE_DAYS or (since == 0 and moment.hour < HOUR):
        return None
    return f"{moment - timedelta(days=since):%Y-%m-%d}"


def week_report(answers: Answers, product: str, day: str, now: float) -> Report:
    """The report of the week before `day`. Raises StoreError where the store can't answer."""
    end = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return build_report(answers, Filters(product, end - timedelta(days=7), end), datetime.fromtimestamp(now, UTC))


def digest_message(id_: str, report: Report, now: float) -> Message:
    first = f"{report.start[:10]} to {datetime.fromisoformat(report.end) - timedelta(days=1):%Y-%m-%d}"
    paragraphs = [report.answer]
    for section in report.sections:
        paragraphs.append(f"**{section.heading}** {section.answer}")
        paragraphs += section.notes[:MAX_NOTES]
    title = f"{report.product}: the week from {first}"
    return Message(id_, "digest", report.product, "", title, tuple(paragraphs), now, report=report)
