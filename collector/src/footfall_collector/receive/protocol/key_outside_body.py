"""The write key of a request where it shows before the body is decoded: in the head, or in the first bytes."""

import re
import zlib
from typing import cast

from isal import isal_zlib

from ..asgi import Scope
from ..refusals import RefusedError
from ..write_keys import valid_write_key
from . import v0, v1
from .decoded_request import DecodeRequest
from .encodings import GZIP_MAGIC
from .forms import parse_fields

# The stubs declare a variable of type Exception; it is a class.
_IsalError: type[Exception] = cast("type[Exception]", isal_zlib.error)
_KEY_FIRST = re.compile(rb'\s{0,4}\{\s{0,4}"(?:api_key|token)"\s{0,2}:\s{0,2}"([A-Za-z0-9_\-.]{1,64})"').match
_FIRST_BYTES = 1024
_FIRST_TEXT = 128
"""More than the longest key at the start of a batch of Footfall's client takes."""


def key_outside_body(decode: DecodeRequest, scope: Scope) -> str | None:
    """The key in the head of a request; None where the body has to have it. Raises RefusedError (400, 401)."""
    if decode is v1.decode:
        # Another method is refused for that.
        return v1.bearer_key(scope) if scope["method"] == "POST" else None
    if not scope["query_string"]:
        return None
    fields = parse_fields(scope["query_string"])
    return valid_write_key(fields.get("token")) or valid_write_key(fields.get("api_key"))


def key_in_first_bytes(scope: Scope, body: bytes) -> str | None:
    """The key in the head, or at the start of the body, as Footfall's client sends it; None where it is in neither.

    The work is the same for every body.
    """
    try:
        token = key_outside_body(v1.decode if scope["path"].rstrip("/") == v1.PATH else v0.decode, scope)
        start = body[:_FIRST_BYTES]
        if token is None and start.startswith(GZIP_MAGIC):
            start = isal_zlib.decompressobj(wbits=16 + zlib.MAX_WBITS).decompress(start, _FIRST_TEXT)
    except (RefusedError, _IsalError):
        return None
    key = None if token else _KEY_FIRST(start)
    return valid_write_key(key[1].decode()) if key else token
