"""Version 1 of PostHog's capture protocol: a Bearer token, and one result per event in the answer."""

import uuid

import msgspec

from ...admit import epoch_of
from ..asgi import Answer, Scope, header
from ..limits import Limits
from ..refusals import RefusedError, malformed
from ..write_keys import valid_write_key
from .decoded_request import EventBatch
from .encodings import DECODERS
from .envelope import read_envelope, split_events, text_of
from .v0 import no_token

PATH = "/i/v1/analytics/events"
_ENCODINGS = ("gzip", "deflate", "br", "zstd")


_MAX_RAW_UUID = 64


class _UuidOnly(msgspec.Struct, gc=False):
    uuid: msgspec.Raw = msgspec.Raw()


_decode_uuid = msgspec.json.Decoder(_UuidOnly).decode


class V1Request(msgspec.Struct, gc=False):
    """A decoded v1 request. `events` are read by `read_batch`."""

    text: bytes
    token: str
    sent_at: float | None
    events: list[msgspec.Raw] = []

    def client_text(self) -> bytes | None:
        return None

    def read_key(self, limits: Limits) -> str:
        del limits
        return self.token

    def read_batch(self, limits: Limits) -> EventBatch:
        self.events = split_events(read_envelope(self.text, limits.batch_events), limits.batch_events)
        return EventBatch(self.token, self.events, self.sent_at)

    def answer(self, reasons: list[str | None]) -> Answer:
        return Answer(200, results(self.events, reasons))


def decode(scope: Scope, body: bytes, limits: Limits) -> V1Request:
    """Raises RefusedError: 400, 401, 405 or 413."""
    if scope["method"] != "POST":
        raise RefusedError(405, "method", "Use POST here.")
    token = bearer_key(scope)
    encoding = header(scope, b"content-encoding").decode("latin-1").strip().lower()
    if encoding not in ("", "identity"):
        if encoding not in _ENCODINGS:
            raise malformed("The content encoding must be gzip, deflate, br or zstd.", "bad_encoding")
        body = DECODERS[encoding](body, limits.max_decoded(len(body)), limits.decoded_ratio)
    sent_at = epoch_of(header(scope, b"posthog-request-timestamp").decode("latin-1"))
    return V1Request(body, token, sent_at)


def bearer_key(scope: Scope) -> str:
    """The write key of a request. Raises RefusedError (401)."""
    scheme, _, credentials = header(scope, b"authorization").decode("latin-1").partition(" ")
    token = valid_write_key(credentials) if scheme.lower() == "bearer" else None
    if token is None:
        raise no_token()
    return token


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
        written = text_of(text) if len(text) <= _MAX_RAW_UUID else None
        uuid.UUID(written)
    except (msgspec.DecodeError, ValueError, RecursionError, TypeError):
        return None
    return written
