"""The write key of a request where it is in the head, so that it is checked before the body is decoded."""

from ..asgi import Scope
from ..write_keys import valid_write_key
from . import v1
from .decoded_request import DecodeRequest
from .forms import parse_fields


def key_outside_body(decode: DecodeRequest, scope: Scope) -> str | None:
    """The key in the head of a request; None where the body has to have it. Raises RefusedError (400, 401)."""
    if decode is v1.decode:
        # Another method is refused for that.
        return v1.bearer_key(scope) if scope["method"] == "POST" else None
    if not scope["query_string"]:
        return None
    fields = parse_fields(scope["query_string"])
    return valid_write_key(fields.get("token")) or valid_write_key(fields.get("api_key"))
