"""The secret key of the second hash: without it nobody can tell which instance a stored hash stands for."""

import hashlib
import secrets
from pathlib import Path

from ..runtime import SettingsError, replace_file

FILE = "pepper"
_LEAST = 16


def load_pepper(data: Path, shared: str = "") -> bytes:
    """The pepper: the shared secret where several collectors feed one store, else DATA/pepper, made at first use.

    Raises:
        SettingsError: the secret is too short to be one, or the file can't be used.
    """
    if shared:
        if len(shared) < _LEAST:
            raise SettingsError(f"FOOTFALL_PEPPER is shorter than {_LEAST} characters; make one: openssl rand -hex 32")
        return shared.encode()
    path = data / FILE
    try:
        text = path.read_bytes().strip() if path.exists() else _make(path)
    except OSError as error:
        raise SettingsError(f"{path} can't be used ({error.strerror}); it must be readable by this user") from None
    if len(text) < _LEAST:
        raise SettingsError(f"{path} is damaged: restore it from a backup")
    return text


def _make(path: Path) -> bytes:
    """Write the file whole under another name first: a crash must not leave half a pepper."""
    text = secrets.token_hex(32).encode()
    replace_file(path, text + b"\n")
    return text


def fingerprint(pepper: bytes) -> str:
    """Sixteen hex digits that tell two peppers apart and say nothing about either; the store remembers it."""
    return hashlib.sha256(b"footfall-pepper-fingerprint\0" + pepper).hexdigest()[:16]
