"""The second hash of an instance ID: what is stored can't be joined with what was sent."""

import functools
import hmac
from collections.abc import Callable

from .new_instances import NewInstances

MAX_ID = 200
"""Characters of a `distinct_id` that count; PostHog cuts there too."""
_REMEMBERED = 65_536
_KINDS = ("cluster", "local", "ephemeral")


def instance_of(pepper: bytes, product: str, distinct_id: str) -> tuple[str, str]:
    """Sixteen hex digits of HMAC-SHA256(pepper, product NUL ID), and `cluster`, `local`, `ephemeral` or `other`."""
    cut = distinct_id[:MAX_ID]
    message = f"{product}\0{cut}".encode("utf-8", "surrogatepass")
    kind = next((kind for kind in _KINDS if cut.startswith(kind + "_")), "other")
    return hmac.digest(pepper, message, "sha256").hex()[:16], kind


def instance_fragments(pepper: bytes, product: str, new_instances: NewInstances) -> Callable[[str], str]:
    """A function from a `distinct_id` to its part of a journal line; it remembers the latest 65,536.

    The function raises TooManyInstancesError for one that is not let in, and does not remember it.
    """

    @functools.lru_cache(_REMEMBERED)
    def fragment(distinct_id: str) -> str:
        digest, kind = instance_of(pepper, product, distinct_id)
        new_instances.enter(product, digest, kind)
        return f',"instance":"{digest}","instance_kind":"{kind}"'

    return fragment
