"""Bearer tokens for programs: the list in DATA, and what the scope and the product of one allow.

`bearer_tokens` adds, finds and revokes them. `scopes` says what a request with one may read or change; its lists name
what is allowed, never what is not. `SignIn`, the page `/access` and the commands import from here.
"""

from .bearer_tokens import SCOPES, BearerToken, Tokens, TokensError, hash_of, utc_stamp

__all__ = ["SCOPES", "BearerToken", "Tokens", "TokensError", "hash_of", "utc_stamp"]
