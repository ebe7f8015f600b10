"""A release that GitHub delivers: signed with a shared secret over the body's bytes, and read by known fields only.

The delivery's ID is in a header, which the signature does not cover. So it only recognises a repeat, and the release
itself counts once as well.
"""

import hashlib
import hmac
import re

import msgspec

from .annotation import AnnotationError, release_text

_SIGNATURE = re.compile(rb"sha256=([0-9a-f]{64})")
_DELIVERY = re.compile(r"[0-9A-Za-z-]{8,64}")
_MAX_TIME_LENGTH = 40


class UnusableDeliveryError(Exception):
    """A delivery that can't be used; the message says what is wrong."""


class PublishedRelease(msgspec.Struct, frozen=True):
    """The text of a published release, and its RFC 3339 time; `delivery` is the ID of GitHub's delivery."""

    text: str
    at: str
    delivery: str


class _Release(msgspec.Struct):
    tag_name: str = ""
    published_at: str | None = None
    draft: bool = False


class _Payload(msgspec.Struct):
    action: str = ""
    release: _Release | None = None


def has_valid_signature(secret: str, body: bytes, signature: bytes) -> bool:
    """Whether X-Hub-Signature-256 is of these bytes. The time that it takes tells nothing."""
    match = _SIGNATURE.fullmatch(signature)
    expected = hmac.new(secret.encode("utf-8", "surrogateescape"), body, hashlib.sha256).hexdigest().encode()
    return hmac.compare_digest(match[1] if match else b"", expected)


def read_release(body: bytes, event: str, delivery: str) -> PublishedRelease | None:
    """The release of a delivery whose signature is valid; None where it is about something else.

    Raises UnusableDeliveryError for a body that is no delivery of GitHub, and for a tag that can't be shown.
    """
    if event != "release":
        return None
    if not _DELIVERY.fullmatch(delivery):
        raise UnusableDeliveryError("X-GitHub-Delivery has no ID")
    try:
        payload = msgspec.json.decode(body, type=_Payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UnusableDeliveryError("the body is no JSON of a release; let GitHub send application/json") from None
    if payload.action != "published" or payload.release is None or payload.release.draft:
        return None
    at = payload.release.published_at or ""
    try:
        return PublishedRelease(release_text(payload.release.tag_name), at[:_MAX_TIME_LENGTH], delivery)
    except AnnotationError as error:
        raise UnusableDeliveryError(str(error)) from None
