"""The fields of a form or a query, decoded in C and in linear time."""

import binascii

from ..refusals import malformed

MAX_FIELDS = 32
_MAX_EQUALS_SIGNS = 1000
"""Each is escaped first; a value has few that are not escaped already, at the end of base64."""
_FORM = "application/x-www-form-urlencoded"
_PERCENT_TO_EQUALS = bytes.maketrans(b"%+\r\n", b"=   ")
"""From percent-encoding to quoted-printable, its twin with `=`, which the standard library decodes in C."""


def parse_fields(encoded: bytes) -> dict[str, str]:
    """The fields; of a repeated name, the first. Raises RefusedError (400) for too many, or for bytes beyond ASCII."""
    if not encoded:
        return {}
    if encoded.count(b"&") >= MAX_FIELDS or encoded.count(b"=") > _MAX_EQUALS_SIGNS or not encoded.isascii():
        raise malformed("The query or form can't be read.", "malformed_form")
    fields: dict[str, str] = {}
    for pair in encoded.split(b"&"):
        name, _, value = pair.partition(b"=")
        if pair:
            fields.setdefault(_unquoted(name), _unquoted(value))
    return fields


def is_form(body: bytes, content_type: str) -> bool:
    """Whether a body is a form. curl and others give JSON the content type of a form."""
    return body.startswith(b"data=") or (content_type.startswith(_FORM) and body[:64].lstrip()[:1] not in (b"{", b"["))


def _unquoted(text: bytes) -> str:
    # Line breaks have no place in a form; as spaces they can't be read as quoted-printable's own.
    plain = text.replace(b"=", b"%3D").translate(_PERCENT_TO_EQUALS)
    return binascii.a2b_qp(plain).decode("utf-8", "replace")
