"""PostHog's capture protocol, v0: from a request as it came to the events in it. No network, no state.

Bodies come as JSON (a batch object, a list, one event), compressed by header, by `compression=` or by nothing but
their first bytes, and as a form or a query with `data=`.
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec

from ..limits import Limits
from ..refusals import RefusedError, malformed, too_large
from ..write_keys import valid_write_key
from .encodings import DECODERS, GZIP_MAGIC, gunzip, unbase64
from .envelope import Envelope, read_envelope

_MAX_FIELDS = 32
_KEY_FIRST = re.compile(rb'\{"api_key":"([A-Za-z0-9_\-.]{1,64})",').match


class Request(msgspec.Struct, frozen=True, gc=False):
    """What of an HTTP request the protocol looks at. Header names in lower case; `query` without the `?`."""

    body: bytes
    query: bytes = b""
    content_type: str = ""
    content_encoding: str = ""


class Received(msgspec.Struct, frozen=True, gc=False):
    """The events of a request, its write key, and when it says it was sent: RFC 3339, or milliseconds since 1970."""

    envelope: Envelope
    token: str
    sent_at: str | None
    sent_at_ms: float | None


def read_text(request: Request, limits: Limits) -> tuple[bytes, dict[str, str]]:
    """The JSON text of a request, and the fields of its query. Raises RefusedError: 400 or 413."""
    limits.check_body(len(request.body))
    most = limits.decoded_most(len(request.body))
    if request.content_encoding == "gzip" and request.content_type == "application/json" and not request.query:
        # What Footfall's client sends, for which nothing else is to be looked at.
        text = gunzip(request.body, most)
        return text if text[:1] == b"{" else _read_form(text, request, {}, most), {}
    query = parse_fields(request.query)
    return decode_body(request, query, most), query


def read_events(text: bytes, query: Mapping[str, str], limits: Limits, *, persons: bool = False) -> Received:
    """What is in it. Raises RefusedError: 400, 401 or 413 with a plain sentence.

    `persons`: what names no event is a change of a person.
    """
    envelope = read_envelope(text, limits.batch_events, persons=persons)
    if not envelope.events:
        raise malformed("The batch is empty.", "empty_batch")
    limits.check_batch(len(envelope.events))
    token = envelope.token or valid_write_key(query.get("token")) or valid_write_key(query.get("api_key"))
    if token is None:
        raise no_token()
    return Received(envelope, token, envelope.sent_at or query.get("sent_at"), _milliseconds(query.get("_")))


def key_of_batch(text: bytes) -> str | None:
    """The write key where a text begins with it, as Footfall's client writes it."""
    found = _KEY_FIRST(text)
    return found[1].decode() if found else None


def no_token() -> RefusedError:
    """401: nothing in the request can be a write key."""
    return RefusedError(401, "no_key", "The request has no usable write key; set api_key.")


def decode_body(request: Request, query: Mapping[str, str], most: int) -> bytes:
    """The JSON text of a request. Raises RefusedError (400, 413)."""
    body = request.body
    encoding = request.content_encoding.strip().lower()
    if encoding not in ("", "identity"):
        body = _decoded(body, encoding, most)
    return _read_form(body, request, query, most)


def _read_form(body: bytes, request: Request, query: Mapping[str, str], most: int) -> bytes:
    """What is in a form or a query instead of the body itself, and in both cases the JSON text of it."""
    compression = query.get("compression", "").lower()
    if request.content_type.startswith("application/x-www-form-urlencoded") or body.startswith(b"data="):
        form = parse_fields(body)
        if "data" in form:
            body, compression = form["data"].encode(), form.get("compression", compression).lower()
    elif not body and "data" in query:
        body = query["data"].encode()
    return _unwrapped(body, compression, most)


def _unwrapped(body: bytes, compression: str, most: int) -> bytes:
    """Take off what `compression=` says and what the first bytes show."""
    if body.startswith(GZIP_MAGIC):
        return gunzip(body, most)
    if compression in ("lz64", "lz-string"):
        return _decoded(body, "lz64", most)
    # `gzip-js` names a gzip body, and an SDK may say so of a body that something on the way has decoded already.
    if body.lstrip()[:1] not in (b"{", b"["):
        if compression not in ("", "base64", "gzip", "gzip-js"):
            raise malformed("The compression is none of gzip-js, base64 and lz64.", "bad_encoding")
        if not body:
            raise malformed("The body is empty.", "empty_body")
        body = unbase64(body, most)
        if body.startswith(GZIP_MAGIC):
            return gunzip(body, most)
    if len(body) > most:
        raise too_large(f"The body is larger than {most} bytes; send fewer events.", "decoded_too_large")
    return body


def _decoded(body: bytes, encoding: str, most: int) -> bytes:
    decoder = DECODERS.get(encoding)
    if decoder is None:
        raise malformed("The content encoding is none of gzip, deflate, br, zstd.", "bad_encoding")
    return decoder(body, most)


def parse_fields(encoded: bytes) -> dict[str, str]:
    """The fields of a query or a form; of a name that comes twice, the first. Raises RefusedError (400)."""
    if not encoded:
        return {}
    try:
        pairs = parse_qsl(encoded.decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise malformed("The query or form can't be read.", "malformed_form") from None
    return dict(reversed(pairs))


def _milliseconds(text: str | None) -> float | None:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 15:
        return None
    return float(text)
