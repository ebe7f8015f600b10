"""Admission: from the events of a request to journal lines and counts."""

from collections import deque
from collections.abc import Mapping, Sequence

import msgspec

from footfall.catalogue import Catalogue

from .any_event import compile_writers
from .client_batch import ClientBatch
from .new_instances import NewInstances
from .request_times import Counts, MarksOf, RequestTimes, no_counts, no_marks
from .times import MAX_AGE_SECONDS

_RECENT_REQUESTS = 256


class Admitted(msgspec.Struct, gc=False):
    """The result of a batch.

    Attributes:
        lines: for the journal.
        accepted: the number of events in `lines`.
        refused: events by reason.
        dropped: properties by reason.
        reasons: one per event, None for an admitted one; empty after `Admission.admit_client_batch`.
        misfits: what does not fit the catalogue, by subject and version; empty after `Admission.admit_client_batch`.
        members: the colons of the request's events that have many.
    """

    lines: bytes
    accepted: int
    refused: Counts = msgspec.field(default_factory=no_counts)
    dropped: Counts = msgspec.field(default_factory=no_counts)
    reasons: list[str | None] = []
    misfits: Mapping[tuple[str, str], int] = {}
    members: int = 0


class Admission:
    """Admits events by the products' catalogues.

    Args:
        catalogues: by product.
        tools: by product, its tool names where it lists them; others are recorded as `other`.
        pepper: the key of the hash of instance IDs.
        max_event_bytes: larger events are refused.
        new_instances: the limit on instances that a peer sends for the first time; None for no limit.
        marks_of: which instances' days don't count for their standing.
        max_age: the oldest time of an event, seconds before now; an older event gets this time.

    Attributes:
        recent_skews: of the latest requests that say when they were sent: the peer, and the collector's clock minus the
            sender's in seconds, delivery included.
    """

    def __init__(
        self,
        catalogues: Mapping[str, Catalogue],
        pepper: bytes,
        tools: Mapping[str, frozenset[str]] | None = None,
        max_event_bytes: int = 1_000_000,
        new_instances: NewInstances | None = None,
        marks_of: MarksOf = no_marks,
        max_age: float = MAX_AGE_SECONDS,
    ) -> None:
        new_instances = new_instances or NewInstances(0)
        self.recent_skews: deque[tuple[str, float]] = deque(maxlen=_RECENT_REQUESTS)
        self._max_event_bytes, self._marks_of, self._max_age = max_event_bytes, marks_of, max_age
        self._writers = {
            name: compile_writers(catalogue, (tools or {}).get(name) or None, pepper, max_event_bytes, new_instances)
            for name, catalogue in catalogues.items()
        }

    def read_client_batch(self, product: str, body: bytes, peer: str = "") -> ClientBatch | None:
        """A peer's body as a batch of Footfall's client for this product; None for any other body."""
        # No event in a body of this size can be too large.
        return self._writers[product].client_batch.read(body, peer) if len(body) <= self._max_event_bytes else None

    def admit_client_batch(
        self, product: str, client_batch: ClientBatch, received: float, sent_at: float | None = None, peer: str = ""
    ) -> Admitted | None:
        """Admit every event of a batch unchanged. None where one is not; `admit` then decides event by event.

        Raises:
            TooManyInstancesError: an event's instance is beyond the peer's share; nothing is admitted.
        """
        result = Admitted(b"", len(client_batch.events))
        times = self._request_times(result, product, received, sent_at, peer)
        lines = self._writers[product].client_batch.write_lines(client_batch, times)
        if lines is None:
            return None
        result.lines = lines
        return result

    def admit(
        self,
        product: str,
        events: Sequence[msgspec.Raw],
        received: float,
        sent_at: float | None = None,
        peer: str = "",
        members: int = 0,
    ) -> Admitted:
        """Admit a product's events.

        Args:
            product: one of the catalogues' products; KeyError otherwise.
            events: each one a JSON value; a malformed one is refused alone.
            received: the time by the collector's clock, epoch seconds.
            sent_at: the time of sending by the sender's clock, epoch seconds; None if unknown.
            peer: the name of the sender's address.
            members: `Admitted.members` of the request's earlier events.

        Raises:
            TooManyInstancesError: an event's instance is beyond the peer's share. Nothing is admitted: the sender tries
                again with all events, and the instances up to this one are then not new.
        """
        write_line = self._writers[product].any_event
        result = Admitted(b"", 0)
        times = self._request_times(result, product, received, sent_at, peer)
        times.events, times.members = events, members
        lines: list[bytes] = []
        reasons = result.reasons
        for times.position, raw in enumerate(events):
            line = write_line(raw, times)
            if isinstance(line, bytes):
                lines.append(line)
                reasons.append(None)
            else:
                result.refused[line] += 1
                reasons.append(line)
        result.lines, result.accepted = b"".join(lines), len(lines)
        result.misfits, result.members = times.misfits, times.members
        return result

    def _request_times(
        self, result: Admitted, product: str, received: float, sent_at: float | None, peer: str
    ) -> RequestTimes:
        skew = 0.0
        if sent_at is not None:
            skew = received - sent_at
            self.recent_skews.append((peer, skew))
        return RequestTimes(received, skew, result.dropped, peer, self._marks_of(product, peer), self._max_age)
