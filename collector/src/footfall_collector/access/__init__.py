"""Who may read: the sign-in session, bearer tokens, and the commands that manage both and the write keys."""

from .commands import access_commands
from .sign_in import SignIn
from .tokens import Tokens

__all__ = ["SignIn", "Tokens", "access_commands"]
