"""PostHog's capture protocol, v1: a Bearer token, and one result per event in the answer."""

import uuid
from typing import Any

import msgspec

from ..asgi import Scope, header
from ..limits import Limits
from ..refusals import RefusedError, malformed
from ..write_keys import valid_write_key
from .encodings import DECODERS
from .envelope import read_envelope
from .v0 import no_token

PATH = "/i/v1/analytics/events"
_ENCODINGS = ("gzip", "deflate", "br", "zstd")


class _Named(msgspec.Struct, gc=False):
    uuid: Any = None


_named = msgspec.json.Decoder(_Named)


def read_request(scope: Scope, body: bytes, limits: Limits) -> tuple[str, list[msgspec.Raw]]:
    """The write key and the events of a v1 request. Raises RefusedError: 400, 401, 405 or 413."""
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
        body = DECODERS[encoding](body, limits.decoded_most(len(body)))
    envelope = read_envelope(body, limits.batch_events)
    if not envelope.events:
        raise malformed("The batch is empty.", "empty_batch")
    limits.check_batch(len(envelope.events))
    return token, envelope.events


def results(events: list[msgspec.Raw], reasons: list[str | None]) -> bytes:
    """`{"results": {uuid: {"result": "ok"|"drop", "details"?}}}`; an event without a UUID can't be named in it.

    Of several with one UUID the first that was admitted counts: a repeated event is no dropped one.
    """
    named: dict[str, dict[str, str]] = {}
    for raw, reason in zip(events, reasons, strict=True):
        name = _uuid_in(raw)
        if name is not None and (reason is None or name not in named):
            named[name] = {"result": "ok"} if reason is None else {"result": "drop", "details": reason}
    return msgspec.json.encode({"results": named})


def _uuid_in(raw: msgspec.Raw) -> str | None:
    """The UUID as the sender wrote it, None for anything that is none: nothing else is ever sent back."""
    try:
        given = _named.decode(raw).uuid
        uuid.UUID(given)
    except (msgspec.DecodeError, ValueError, RecursionError, TypeError, AttributeError):
        return None
    return str(given)
