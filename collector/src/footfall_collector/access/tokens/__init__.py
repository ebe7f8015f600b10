"""Bearer tokens for programs: the list in DATA, and what the scope and the product of one allow.

`bearer_tokens` adds them; `secret_list` finds and revokes them, and the secrets of read-only links too. `scopes` says
what a request with one may read or change; its lists name what is allowed, never what is not. `SignIn`, the page
`/access` and the commands import from here.
"""

from .bearer_tokens import SCOPES, BearerToken, Tokens, TokensError
from .secret_list import SecretList, hash_of

__all__ = ["SCOPES", "BearerToken", "SecretList", "Tokens", "TokensError", "hash_of"]
