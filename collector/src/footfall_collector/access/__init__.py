"""Who may read: readers with the sign-in secret, in a session or as a bearer token, and programs with a token.

`sign_in` is the middleware before everything that reads. It checks the session, then `tokens` and the secret, and slows
down guessing (`attempts`). Without a secret everything is open, which the start allows on loopback only. `links` show
one page to who has no sign-in. `commands` manage tokens and write keys, `changes` lets programs change write keys and
annotations over HTTP, `access_page` shows tokens and links to who signs in, and `audit_log` has who changed what.
`show`, `operate`, `app` and `cli` import this package.
"""

from typing import TYPE_CHECKING, Any

from .audit_log import SIGNED_IN, AuditLog, audited, note_command
from .commands import control_errors, key_and_token_commands
from .tokens import SCOPES, Tokens, TokensError

if TYPE_CHECKING:
    from .changes.endpoints import Changes
    from .sign_in import SignIn

__all__ = [
    "SCOPES",
    "SIGNED_IN",
    "AccessPage",
    "AuditLog",
    "Changes",
    "SignIn",
    "Tokens",
    "TokensError",
    "audited",
    "control_errors",
    "key_and_token_commands",
    "note_command",
]


def __getattr__(name: str) -> Any:
    # Late: `keys` and `tokens` of the command line should not pay for Starlette and Jinja.
    if name == "SignIn":
        from .sign_in import SignIn

        return SignIn
    if name == "AccessPage":
        from .access_page import AccessPage

        return AccessPage
    if name == "Changes":
        from .changes.endpoints import Changes

        return Changes
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
