"""Version 0 of PostHog's capture protocol: from a request to the events in it.

A body is JSON (a batch object, a list or one event), or a form or a query with `data=`. It may be compressed, as a
header, `compression=` or only its first bytes say.
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec

from ...admit import epoch_of
from ..asgi import Answer, Scope, header
from ..limits import Limits
from ..refusals import RefusedError, malformed, too_large
from ..write_keys import valid_write_key
from .decoded_request import EventBatch
from .encodings import DECODERS, GZIP_MAGIC, gunzip, unbase64
from .envelope import read_envelope

ENGAGE = "/engage"
"""The path of changes of persons. PostHog makes `$identify` events of them, as which they are refused and counted."""
OK = b'{"status":1}'

_OK_JSON = Answer(200, OK)
_OK_BEACON = Answer(204)
_MAX_FIELDS = 32
_KEY_FIRST = re.compile(rb'\{"api_key":"([A-Za-z0-9_\-.]{1,64})",').match


class EncodedRequest(msgspec.Struct, frozen=True, gc=False):
    """The parts of an HTTP request that v0 reads. Header values as sent; `query` without the `?`."""

    body: bytes
    query: bytes = b""
    content_type: str = ""
    content_encoding: str = ""


class V0Request(msgspec.Struct, frozen=True, gc=False):
    """A decoded v0 request: its JSON text and the fields of its query."""

    text: bytes
    query: dict[str, str]
    is_engage: bool
    is_beacon: bool

    def client_text(self) -> bytes | None:
        return None if self.query else self.text

    def read_batch(self, limits: Limits) -> EventBatch:
        return read_events(self.text, self.query, limits, persons=self.is_engage)

    def answer(self, reasons: list[str | None]) -> Answer:
        del reasons  # v0 answers for the whole request
        return _OK_BEACON if self.is_beacon else _OK_JSON


def decode(scope: Scope, body: bytes, limits: Limits) -> V0Request:
    """Raises RefusedError: 400 or 413."""
    request = EncodedRequest(
        body,
        scope["query_string"],
        header(scope, b"content-type").decode("latin-1"),
        header(scope, b"content-encoding").decode("latin-1"),
    )
    text, query = read_text(request, limits)
    is_beacon = bool(request.query) and b"beacon=1" in request.query.split(b"&")
    return V0Request(text, query, scope["path"].startswith(ENGAGE), is_beacon)


def read_text(request: EncodedRequest, limits: Limits) -> tuple[bytes, dict[str, str]]:
    """The JSON text of a request, and the fields of its query. Raises RefusedError: 400 or 413."""
    limits.check_body(len(request.body))
    max_bytes = limits.max_decoded(len(request.body))
    if request.content_encoding == "gzip" and request.content_type == "application/json" and not request.query:
        # The form in which Footfall's client sends.
        text = gunzip(request.body, max_bytes)
        return text if text[:1] == b"{" else _read_form(text, request, {}, max_bytes), {}
    query = parse_fields(request.query)
    return decode_body(request, query, max_bytes), query


def read_events(text: bytes, query: Mapping[str, str], limits: Limits, *, persons: bool = False) -> EventBatch:
    """The events in a JSON text. Raises RefusedError: 400, 401 or 413.

    With `persons`, an object without an event name is a change of a person.
    """
    envelope = read_envelope(text, limits.batch_events, persons=persons)
    if not envelope.events:
        raise malformed("The batch is empty.", "empty_batch")
    limits.check_batch(len(envelope.events))
    token = envelope.token or valid_write_key(query.get("token")) or valid_write_key(query.get("api_key"))
    if token is None:
        raise no_token()
    sent_at = epoch_of(envelope.sent_at or query.get("sent_at"))
    return EventBatch(token, envelope.events, _milliseconds(query.get("_")) if sent_at is None else sent_at)


def client_key(text: bytes) -> str | None:
    """The write key where a text begins with it, as in a batch of Footfall's client."""
    match = _KEY_FIRST(text)
    return match[1].decode() if match else None


def no_token() -> RefusedError:
    """401: nothing in the request can be a write key."""
    return RefusedError(401, "no_key", "The request has no usable write key; set api_key.")


def decode_body(request: EncodedRequest, query: Mapping[str, str], max_bytes: int) -> bytes:
    """The JSON text of a request. Raises RefusedError (400, 413)."""
    body = request.body
    encoding = request.content_encoding.strip().lower()
    if encoding not in ("", "identity"):
        body = _decoded(body, encoding, max_bytes)
    return _read_form(body, request, query, max_bytes)


def _read_form(body: bytes, request: EncodedRequest, query: Mapping[str, str], max_bytes: int) -> bytes:
    """The JSON text of a body, or of the `data` field of a form or a query in its place."""
    compression = query.get("compression", "").lower()
    if request.content_type.startswith("application/x-www-form-urlencoded") or body.startswith(b"data="):
        form = parse_fields(body)
        if "data" in form:
            body, compression = form["data"].encode(), form.get("compression", compression).lower()
    elif not body and "data" in query:
        body = query["data"].encode()
    return _unwrapped(body, compression, max_bytes)


def _unwrapped(body: bytes, compression: str, max_bytes: int) -> bytes:
    """Undo the encodings that `compression=` names and that the first bytes show."""
    if body.startswith(GZIP_MAGIC):
        return gunzip(body, max_bytes)
    if compression in ("lz64", "lz-string"):
        return _decoded(body, "lz64", max_bytes)
    # `gzip-js` means gzip, but a proxy may have decoded the body and left the name in the query.
    if body.lstrip()[:1] not in (b"{", b"["):
        if compression not in ("", "base64", "gzip", "gzip-js"):
            raise malformed("The compression is none of gzip-js, base64 and lz64.", "bad_encoding")
        if not body:
            raise malformed("The body is empty.", "empty_body")
        body = unbase64(body, max_bytes)
        if body.startswith(GZIP_MAGIC):
            return gunzip(body, max_bytes)
    if len(body) > max_bytes:
        raise too_large(f"The body is larger than {max_bytes} bytes; send fewer events.", "decoded_too_large")
    return body


def _decoded(body: bytes, encoding: str, max_bytes: int) -> bytes:
    decoder = DECODERS.get(encoding)
    if decoder is None:
        raise malformed("The content encoding is none of gzip, deflate, br, zstd.", "bad_encoding")
    return decoder(body, max_bytes)


def parse_fields(encoded: bytes) -> dict[str, str]:
    """The fields of a query or a form; of a repeated name, the first. Raises RefusedError (400)."""
    if not encoded:
        return {}
    try:
        pairs = parse_qsl(encoded.decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise malformed("The query or form can't be read.", "malformed_form") from None
    return dict(reversed(pairs))


def _milliseconds(text: str | None) -> float | None:
    """Epoch seconds of `_=`, which is in milliseconds."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 15:
        return None
    return float(text) / 1000
