"""The hash that turns an instance ID into the stored instance; stored and sent IDs can't be joined."""

import functools
import hmac
from collections.abc import Callable

from .new_instances import NewInstances

MAX_ID = 200
"""A `distinct_id` is cut to this many characters, as in PostHog."""
INSTANCE_KEY = slice(len(',"instance":"'), len(',"instance":"0123456789abcdef","instance_kind":"') + 1)
"""In the part of a journal line about the instance: its digest, and the first letter of its kind at the end."""
_CACHE_SIZE = 65_536
_KINDS = ("cluster", "local", "ephemeral")

InstanceFragment = Callable[[str, str], str]
"""From a `distinct_id` and the name of its peer to the instance's part of a journal line."""


def instance_of(pepper: bytes, product: str, distinct_id: str) -> tuple[str, str]:
    """Sixteen hex digits of HMAC-SHA256(pepper, product NUL ID), and `cluster`, `local`, `ephemeral` or `other`."""
    cut = distinct_id[:MAX_ID]
    message = f"{product}\0{cut}".encode("utf-8", "surrogatepass")
    kind = next((kind for kind in _KINDS if cut.startswith(kind + "_")), "other")
    return hmac.digest(pepper, message, "sha256").hex()[:16], kind


def instance_fragments(pepper: bytes, product: str, new_instances: NewInstances) -> InstanceFragment:
    """A function from a `distinct_id` and its peer to its part of a journal line, with a cache of the latest 65,536.

    The function raises TooManyInstancesError for a new instance beyond the peer's share, which is not cached. What a
    peer has not sent itself takes it the full time: the time to an answer must not tell what others have sent.
    """

    @functools.lru_cache(_CACHE_SIZE)
    def fragment(distinct_id: str, peer: str) -> str:
        digest, kind = instance_of(pepper, product, distinct_id)
        new_instances.admit(product, peer, digest, kind)
        return f',"instance":"{digest}","instance_kind":"{kind}"'

    return fragment
