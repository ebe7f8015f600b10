"""Who may read: readers with the sign-in secret in a session or as a bearer token, and programs with a token.

`sign_in` is the middleware before everything that reads; it checks sessions, then tokens, then the secret, and slows
down guessing (`attempts`). Without a secret everything is open, which the start allows on loopback only. `commands`
manage tokens and write keys. Only `app`, `operate` and `cli` import this package.
"""

from .commands import control_errors, key_and_token_commands
from .sign_in import SignIn
from .tokens import Tokens, TokensError

__all__ = ["SignIn", "Tokens", "TokensError", "control_errors", "key_and_token_commands"]
