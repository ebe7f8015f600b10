"""Version 0 of PostHog's capture protocol: from a request to the events in it.

A body is JSON (a batch object, a list or one event), or a form or a query with `data=`. It may be compressed, as a
header, `compression=` or only its first bytes say.
"""

import re
from collections.abc import Mapping

import msgspec

from ...admit import epoch_of
from ..asgi import Answer, Scope, header
from ..limits import Limits
from ..refusals import RefusedError, malformed, too_large
from ..write_keys import valid_write_key
from .decoded_request import EventBatch
from .encodings import DECODERS, GZIP_MAGIC, gunzip
from .envelope import Envelope, read_envelope, split_events
from .forms import is_form, parse_fields

ENGAGE = "/engage"
"""The path of changes of persons. PostHog makes `$identify` events of them, as which they are refused and counted."""
OK = b'{"status":1}'

_OK_JSON = Answer(200, OK)
_OK_BEACON = Answer(204)
_KEY_FIRST = re.compile(rb'\{"api_key":"([A-Za-z0-9_\-.]{1,64})",').match


class EncodedRequest(msgspec.Struct, frozen=True, gc=False):
    """The parts of an HTTP request that v0 reads. Header values as sent; `query` without the `?`."""

    body: bytes
    query: bytes = b""
    content_type: str = ""
    content_encoding: str = ""


class V0Request(msgspec.Struct, gc=False):
    """A decoded v0 request: its JSON text and the fields of its query."""

    text: bytes
    query: Mapping[str, str]
    is_engage: bool = False
    is_beacon: bool = False
    _envelope: Envelope | None = None

    def client_text(self) -> bytes | None:
        return None if self.query else self.text

    def read_key(self, limits: Limits) -> str:
        query = self.query
        token = self._read_envelope(limits).token
        token = token or valid_write_key(query.get("token")) or valid_write_key(query.get("api_key"))
        if token is None:
            raise no_token()
        return token

    def read_batch(self, limits: Limits) -> EventBatch:
        query, envelope, token = self.query, self._read_envelope(limits), self.read_key(limits)
        events = split_events(envelope, limits.batch_events, persons=self.is_engage)
        sent_at = epoch_of(envelope.sent_at or query.get("sent_at"))
        return EventBatch(token, events, _milliseconds(query.get("_")) if sent_at is None else sent_at)

    def answer(self, reasons: list[str | None]) -> Answer:
        del reasons  # v0 answers for the whole request
        return _OK_BEACON if self.is_beacon else _OK_JSON

    def _read_envelope(self, limits: Limits) -> Envelope:
        if self._envelope is None:
            self._envelope = read_envelope(self.text, limits.batch_events, persons=self.is_engage)
        return self._envelope


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
    if request.content_encoding == "gzip" and request.content_type == "application/json" and not request.query:
        # The form in which Footfall's client sends.
        text = gunzip(request.body, limits.max_decoded(len(request.body)), limits.decoded_ratio)
        return text if text[:1] == b"{" else _read_form(text, request, {}, limits), {}
    query = parse_fields(request.query)
    body, encoding = request.body, request.content_encoding.strip().lower()
    if encoding not in ("", "identity"):
        body = _decoded(body, encoding, request, limits)
    return _read_form(body, request, query, limits), query


def client_key(text: bytes) -> str | None:
    """The write key where a text begins with it, as in a batch of Footfall's client."""
    match = _KEY_FIRST(text)
    return match[1].decode() if match else None


def no_token() -> RefusedError:
    """401: nothing in the request can be a write key."""
    return RefusedError(401, "no_key", "The request has no usable write key; set api_key.")


def _read_form(body: bytes, request: EncodedRequest, query: Mapping[str, str], limits: Limits) -> bytes:
    """The JSON text of a body, or of the `data` field of a form or a query in its place."""
    compression = query.get("compression", "").lower()
    if is_form(body, request.content_type):
        limits.check_form(len(body))
        form = parse_fields(body)
        if "data" in form:
            body, compression = form["data"].encode(), form.get("compression", compression).lower()
    elif not body and "data" in query:
        body = query["data"].encode()
    return _unwrapped(body, compression, request, limits)


def _unwrapped(body: bytes, compression: str, request: EncodedRequest, limits: Limits) -> bytes:
    """Undo the encodings that `compression=` names and that the first bytes show."""
    if body.startswith(GZIP_MAGIC):
        return _decoded(body, "gzip", request, limits)
    if compression in ("lz64", "lz-string"):
        return _decoded(body, "lz64", request, limits)
    # `gzip-js` means gzip, but a proxy may have decoded the body and left the name in the query.
    if body.lstrip()[:1] not in (b"{", b"["):
        if compression not in ("", "base64", "gzip", "gzip-js"):
            raise malformed("The compression must be gzip-js, base64 or lz64.", "bad_encoding")
        if not body:
            raise malformed("The body is empty.", "empty_body")
        body = _decoded(body, "base64", request, limits)
        if body.startswith(GZIP_MAGIC):
            return _decoded(body, "gzip", request, limits)
    max_bytes = limits.max_decoded(len(request.body))
    if len(body) > max_bytes:
        raise too_large(f"The body is larger than {max_bytes} bytes; send fewer events.", "decoded_too_large")
    return body


def _decoded(body: bytes, encoding: str, request: EncodedRequest, limits: Limits) -> bytes:
    decoder = DECODERS.get(encoding)
    if decoder is None:
        raise malformed("The content encoding must be gzip, deflate, br or zstd.", "bad_encoding")
    return decoder(body, limits.max_decoded(len(request.body)), limits.decoded_ratio)


def _milliseconds(text: str | None) -> float | None:
    """Epoch seconds of `_=`, which is in milliseconds."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 15:
        return None
    return float(text) / 1000
