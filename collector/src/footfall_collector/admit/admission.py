"""Admission: raw events in, journal lines and counts out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from footfall.catalogue import Catalogue

from .any_event import compile_lines
from .client_batch import ClientBatch
from .new_instances import NewInstances, TooManyInstancesError
from .request_times import Counts, RequestTimes, counts


@dataclass(slots=True)
class Admitted:
    """What became of a batch: `lines` for the journal, and how many of what was not admitted, by reason.

    `refused` counts events and `dropped` properties; `reasons` is of `Admission.admit` only: one entry per event, None
    for an admitted one.
    """

    lines: bytes
    accepted: int
    refused: Counts = field(default_factory=counts)
    dropped: Counts = field(default_factory=counts)
    reasons: list[str | None] = field(default_factory=list)


class Admission:
    """Admits events by the products' catalogues.

    Args:
        catalogues: by product.
        tools: a product's tool names, where it lists them; others then become `other`.
        pepper: key of the second hash of instance IDs.
        max_event_bytes: larger events are refused.
        new_instances: which instances are let in; without one, all are.
    """

    def __init__(
        self,
        catalogues: Mapping[str, Catalogue],
        pepper: bytes,
        tools: Mapping[str, frozenset[str]] | None = None,
        max_event_bytes: int = 1_000_000,
        new_instances: NewInstances | None = None,
    ) -> None:
        let_in = new_instances or NewInstances(0)
        self._most = max_event_bytes
        self._ways = {
            product: compile_lines(catalogue, (tools or {}).get(product) or None, pepper, max_event_bytes, let_in)
            for product, catalogue in catalogues.items()
        }

    def read(self, product: str, body: bytes) -> ClientBatch | None:
        """A body as a batch that Footfall's client for this product has made; None where it is anything else."""
        # In so small a body no event is too large.
        return self._ways[product][1].read(body) if len(body) <= self._most else None

    def admit_sent(
        self, product: str, sent: ClientBatch, received: float, sent_at: float | None = None
    ) -> Admitted | None:
        """Admit such a batch, all of it as it is; None where that can't be, and `admit` has to look at each event."""
        result = Admitted(b"", len(sent.batch))
        try:
            lines = self._ways[product][1].lines(sent, _batch(result, received, sent_at))
        except TooManyInstancesError:
            return None
        if lines is None:
            return None
        result.lines = b"".join(lines)
        return result

    def admit(
        self, product: str, events: Iterable[msgspec.Raw], received: float, sent_at: float | None = None
    ) -> Admitted:
        """Admit a product's events.

        Args:
            product: one of the catalogues' products; KeyError otherwise.
            events: each one a JSON value; a malformed one is refused alone.
            received: the time by our clock, epoch seconds.
            sent_at: the time by the sender's clock when it sent them; None where it did not say.
        """
        line_of = self._ways[product][0]
        result = Admitted(b"", 0)
        batch = _batch(result, received, sent_at)
        lines: list[bytes] = []
        reasons = result.reasons
        for raw in events:
            line = line_of(raw, batch)
            if isinstance(line, bytes):
                lines.append(line)
                reasons.append(None)
            else:
                result.refused[line] += 1
                reasons.append(line)
        result.lines, result.accepted = b"".join(lines), len(lines)
        return result


def _batch(result: Admitted, received: float, sent_at: float | None) -> RequestTimes:
    return RequestTimes(received, 0.0 if sent_at is None else received - sent_at, result.dropped)
