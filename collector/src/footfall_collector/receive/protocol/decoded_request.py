"""The form that every version of the protocol decodes a request to; the pipeline knows no other."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from ...admit import ClientBatch
from ..asgi import Answer, Scope
from ..limits import Limits


class EventBatch(msgspec.Struct, frozen=True, gc=False):
    """The events of a request and its write key. `sent_at`, epoch seconds by the sender's clock, is None if unknown."""

    token: str
    events: list[msgspec.Raw]
    sent_at: float | None


class KeyedBatch(msgspec.Struct, frozen=True, gc=False):
    """The events of a request with the product of their write key.

    Attributes:
        is_first_key: the key is not known yet, and is added before the events are written.
        size: the number of events.
        client_batch: the events where Footfall's client sent them, else None.
        batch: the events in any other form, else None.
    """

    token: str
    product: str
    is_first_key: bool
    size: int
    client_batch: ClientBatch | None = None
    batch: EventBatch | None = None


class DecodedRequest(Protocol):
    """A request whose encodings are undone."""

    def client_text(self) -> bytes | None:
        """The JSON text where it may be a batch of Footfall's client, else None."""

    def read_key(self, limits: Limits) -> str:
        """The write key, before any event is looked at.

        Raises RefusedError: 400 or 413 for a body that is no batch, 401 for no usable write key.
        """

    def read_batch(self, limits: Limits) -> EventBatch:
        """The events. Raises RefusedError: 400 or 413 for a body that is no batch, 401 for no or several keys."""

    def answer(self, reasons: list[str | None]) -> Answer:
        """The answer to events that are stored; per event the reason why it was not admitted, or None."""


DecodeRequest = Callable[[Scope, bytes, Limits], DecodedRequest]
"""Decodes a body in one version of the protocol. Raises RefusedError."""
