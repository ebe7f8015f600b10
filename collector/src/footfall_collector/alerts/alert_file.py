"""DATA/alerts.json: the incidents, the digests, and what of them was delivered. It survives every restart.

The file is replaced as a whole, with a checksum, and has a copy. Where both are unreadable the collector begins with an
empty one: an incident that goes on is then sent once more.
"""

import logging
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from ..runtime import has_checksum_of_content, read_copy, read_regular_file, replace_with_copy, with_checksum

ALERTS_FILE = "alerts.json"
MAX_INCIDENTS, MAX_DIGESTS = 500, 100
MAX_BYTES = 4 << 20
_Text = Annotated[str, msgspec.Meta(max_length=4000)]
_Name = Annotated[str, msgspec.Meta(max_length=400)]

_log = logging.getLogger(__name__)


class Delivery(msgspec.Struct):
    """One message to one channel.

    Attributes:
        channel: the channel's ID, which has nothing of its address.
        state: `quiet` where so many were sent that this one was left out.
        attempts: requests so far.
        next_at: epoch seconds of the next attempt.
        at: epoch seconds of the answer; 0 before.
    """

    channel: Annotated[str, msgspec.Meta(max_length=60)]
    state: Literal["waiting", "sent", "failed", "quiet"] = "waiting"
    attempts: int = 0
    next_at: float = 0.0
    at: float = 0.0


class Incident(msgspec.Struct):
    """What a rule found, from its begin to its end. Times are epoch seconds.

    Attributes:
        id: of the messages about it.
        subject: tells incidents of one rule and product apart, such as a version.
        sentence: with markup.
        numbers: what the sentence says.
        seen: when it was last found.
        end: None while it goes on.
        quiet_until: a recurrence before this time is the same incident.
    """

    id: _Name
    rule: _Name
    product: _Name
    subject: _Name
    sentence: _Text
    numbers: dict[str, float]
    begin: float
    seen: float
    end: float | None
    quiet_until: float
    deliveries: list[Delivery] = []

    @property
    def key(self) -> tuple[str, str, str]:
        return self.rule, self.product, self.subject


class Digest(msgspec.Struct):
    """The report of one product's week that ends before `day` (UTC, `2026-11-30`)."""

    id: _Name
    product: _Name
    day: _Name
    deliveries: list[Delivery] = []


class AlertsContent(msgspec.Struct):
    """The file's content."""

    version: int = 1
    incidents: list[Incident] = []
    digests: list[Digest] = []


class AlertFile:
    """The file of one data directory. Only the running collector writes it."""

    def __init__(self, data: Path) -> None:
        self._path = data / ALERTS_FILE
        self._written: bytes | None = None

    def read(self) -> AlertsContent:
        """The content, or that of the copy; an empty one where neither can be read, which the log says."""
        content = self._whole()
        if content is not None:
            return content
        copy = read_copy(self._path)
        if copy is not None:
            if self._path.exists():
                _log.warning("%s can't be read; its copy is used", self._path)
            return _decoded(copy) or AlertsContent()
        if self._path.exists():
            _log.error("%s can't be read: what goes on may be sent once more", self._path)
        return AlertsContent()

    def _whole(self) -> AlertsContent | None:
        try:
            content = read_regular_file(self._path, MAX_BYTES)
        except OSError:
            return None
        return _decoded(content) if has_checksum_of_content(content) else None

    def write(self, content: AlertsContent) -> None:
        """Replace the file, unless nothing changed. Raises OSError; the old file then stays."""
        del content.incidents[:-MAX_INCIDENTS], content.digests[:-MAX_DIGESTS]
        encoded = msgspec.json.encode(content)
        is_new = self._written is None and not self._path.exists()
        if encoded == self._written or (is_new and encoded == msgspec.json.encode(AlertsContent())):
            return
        replace_with_copy(self._path, with_checksum(encoded))
        self._written = encoded


def _decoded(content: bytes) -> AlertsContent | None:
    try:
        return msgspec.json.decode(content, type=AlertsContent)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
