"""What a token may read: its scope, its product and its end. Lists of what is allowed, never of what is not."""

from urllib.parse import parse_qsl, urlencode

from starlette.types import Scope

from .bearer_tokens import BearerToken

METRICS_PATH = "/metrics"
ACCESS_PATH, LINKS_PATH, SEGMENTS_PATH = "/access", "/api/links", "/api/segments"
ANNOTATIONS_PATH, KEYS_PATH = "/api/annotations", "/api/keys"
CHANGE_PATHS = (ANNOTATIONS_PATH, KEYS_PATH)
"""What programs may change, with the scope `ingest-admin`; whoever signs in may too."""
CHANGED_PATHS = (ACCESS_PATH, LINKS_PATH, SEGMENTS_PATH, *CHANGE_PATHS)
"""Where something can be changed: not by a page of another site."""
_OF_ONE_PRODUCT = (
    ANNOTATIONS_PATH,
    "/api/ask",
    "/api/charts/",
    "/api/explain",
    "/api/options",
    "/api/pages/",
    "/api/pulse",
    "/api/releases",
    "/api/report",
    SEGMENTS_PATH,
    "/api/things/",
)
"""What answers for one product, which the query names."""
_OF_ALL_PRODUCTS = ("/api/pages/health",)
_SAFE_METHODS = ("GET", "HEAD")


def apply_scope(token: BearerToken, scope: Scope) -> str:
    """Why a token may not read what a request asks for, as a sentence; empty where it may.

    A request of a product's token that names no product is for that product from here on.
    """
    path = scope["path"]
    if path == ACCESS_PATH:
        return "A token can't see or revoke tokens: sign in, or send the sign-in secret."
    if path == LINKS_PATH:
        return "A token can't make read-only links: sign in, or send the sign-in secret."
    if path == SEGMENTS_PATH and scope["method"] not in _SAFE_METHODS:
        return "A token can't change saved segments: sign in, or send the sign-in secret."
    if token.scope == "metrics":
        reads = path == METRICS_PATH and scope["method"] in _SAFE_METHODS
        return "" if reads else f"This token reads {METRICS_PATH} only (scope metrics)."
    if token.scope == "ingest-admin":
        return _apply_ingest_admin(token.product, scope)
    if path in CHANGE_PATHS and (scope["method"] not in _SAFE_METHODS or path == KEYS_PATH):
        return "This token reads, and changes nothing (scope read): use one with the scope ingest-admin."
    return _apply_product(token.product, scope) if token.product else ""


def _apply_ingest_admin(product: str, scope: Scope) -> str:
    path = scope["path"]
    if path not in CHANGE_PATHS:
        return "This token changes write keys and annotations only (scope ingest-admin)."
    reads = path == ANNOTATIONS_PATH and scope["method"] in _SAFE_METHODS
    return _apply_product(product, scope) if product and reads else ""


def _apply_product(product: str, scope: Scope) -> str:
    path = scope["path"]
    answers_for_one = path.startswith(_OF_ONE_PRODUCT) and path.rstrip("/") not in _OF_ALL_PRODUCTS
    if not answers_for_one or scope["method"] not in _SAFE_METHODS:
        return f"This token reads the answers about {product} below /api only."
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    named = [value for name, value in query if name == "product"]
    if any(value != product for value in named):
        return f"This token is for the product {product} only."
    if not named and path != "/api/pulse":
        scope["query_string"] = urlencode([*query, ("product", product)]).encode("ascii")
    return ""
