"""Version 1 of PostHog's capture protocol: a Bearer token, and one result per event in the answer."""

import uuid
from typing import Any

import msgspec

from ...admit import epoch_of
from ..asgi import Answer, Scope, header
from ..limits import Limits
from ..refusals import RefusedError, malformed
from ..write_keys import valid_write_key
from .decoded_request import EventBatch
from .encodings import DECODERS
from .envelope import read_envelope
from .v0 import no_token

PATH = "/i/v1/analytics/events"
_ENCODINGS = ("gzip", "deflate", "br", "zstd")


class _UuidOnly(msgspec.Struct, gc=False):
    uuid: Any = None


_decode_uuid = msgspec.json.Decoder(_UuidOnly).decode


class V1Request(msgspec.Struct, frozen=True, gc=False):
    """A decoded v1 request."""

    batch: EventBatch

    def client_text(self) -> bytes | None:
        return None

    def read_batch(self, limits: Limits) -> EventBatch:
        del limits  # checked by `decode`
        return self.batch

    def answer(self, reasons: list[str | None]) -> Answer:
        return Answer(200, results(self.batch.events, reasons))


def decode(scope: Scope, body: bytes, limits: Limits) -> V1Request:
    """Raises RefusedError: 400, 401, 405 or 413."""
    if scope["method"] != "POST":
        raise RefusedError(405, "method", "Use POST here.")
    scheme, _, credentials = header(scope, b"authorization").decode("latin-1").partition(" ")
    token = valid_write_key(credentials) if scheme.lower() == "bearer" else None
    if token is None:
        raise no_token()
    encoding = header(scope, b"content-encoding").decode("latin-1").strip().lower()
    if encoding not in ("", "identity"):
        if encoding not in _ENCODINGS:
            raise malformed("The content encoding is none of gzip, deflate, br, zstd.", "bad_encoding")
        body = DECODERS[encoding](body, limits.max_decoded(len(body)))
    envelope = read_envelope(body, limits.batch_events)
    if not envelope.events:
        raise malformed("The batch is empty.", "empty_batch")
    limits.check_batch(len(envelope.events))
    sent_at = epoch_of(header(scope, b"posthog-request-timestamp").decode("latin-1"))
    return V1Request(EventBatch(token, envelope.events, sent_at))


def results(events: list[msgspec.Raw], reasons: list[str | None]) -> bytes:
    """`{"results": {uuid: {"result": "ok"|"drop", "details"?}}}`, without the events that have no UUID.

    Of several events with one UUID the first that was admitted counts: a repeated event was not dropped.
    """
    by_uuid: dict[str, dict[str, str]] = {}
    for raw, reason in zip(events, reasons, strict=True):
        name = _uuid_in(raw)
        if name is not None and (reason is None or name not in by_uuid):
            by_uuid[name] = {"result": "ok"} if reason is None else {"result": "drop", "details": reason}
    return msgspec.json.encode({"results": by_uuid})


def _uuid_in(raw: msgspec.Raw) -> str | None:
    """The UUID as the sender wrote it. None for any other text, which the answer must not repeat."""
    try:
        text = _decode_uuid(raw).uuid
        uuid.UUID(text)
    except (msgspec.DecodeError, ValueError, RecursionError, TypeError, AttributeError):
        return None
    return str(text)
