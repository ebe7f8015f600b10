"""A message, before it is written for a receiver."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..runtime import utc_stamp
from ..show.report import Report
from .alert_file import Incident
from .rule_options import DEFAULTS

Kind = Literal["alert", "digest", "test"]


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        id: the same for every repetition, so that a receiver can tell them.
        product: empty where it is about the collector.
        rule: empty unless it is an alert.
        title: one line, without a word of a sender.
        paragraphs: with the markup of sentences: words of senders are code.
        at: epoch seconds.
        report: of a digest.
    """

    id: str
    kind: Kind
    product: str
    rule: str
    title: str
    paragraphs: tuple[str, ...]
    at: float
    numbers: Mapping[str, float] = field(default_factory=dict)
    report: Report | None = None

    @property
    def moment(self) -> str:
        """RFC 3339, UTC."""
        return utc_stamp(self.at)


def alert_message(incident: Incident) -> Message:
    title = f"{incident.product or 'Collector'}: {DEFAULTS[incident.rule].title}"
    return Message(
        incident.id,
        "alert",
        incident.product,
        incident.rule,
        title,
        (incident.sentence,),
        incident.begin,
        incident.numbers,
    )


def sample_message(now: float) -> Message:
    """What `alerts test` sends."""
    sentence = "This is a test of Footfall's alerts. If you can read it, alerts and the weekly digest arrive here."
    return Message(f"test-{int(now)}", "test", "", "", "Collector: a test", (sentence,), now)
