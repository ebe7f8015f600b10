"""The pepper: the secret key of the instance hash. Without it a stored hash can't be traced to an instance ID."""

import hashlib
import secrets
from pathlib import Path

from ..runtime import SettingsError, read_regular_file, replace_file

FILE = "pepper"
_MIN_SIZE = 16


def load_pepper(data: Path, shared: str = "") -> bytes:
    """The shared secret where several collectors feed one store, else DATA/pepper, which is created at first use.

    Raises:
        SettingsError: the secret is too short, or the file can't be used.
    """
    if shared:
        if len(shared) < _MIN_SIZE:
            raise SettingsError(
                f"FOOTFALL_PEPPER is shorter than {_MIN_SIZE} characters; make one: openssl rand -hex 32"
            )
        return shared.encode()
    path = data / FILE
    if not path.exists() and _has_events(data):
        raise SettingsError(
            f"{path} is missing, and with another pepper every instance would count as new: restore it from a "
            "backup, or use an empty data directory"
        )
    try:
        text = read_regular_file(path).strip() if path.exists() else _create(path)
    except OSError as error:
        raise SettingsError(
            f"{path} can't be used ({error.strerror}); this user must be able to read it; restore it from a backup"
        ) from None
    if len(text) < _MIN_SIZE:
        raise SettingsError(f"{path} is damaged: restore it from a backup")
    return text


def _has_events(data: Path) -> bool:
    """Whether events were hashed with the pepper of the directory."""
    live = any(path.stat().st_size for path in (data / "journal").glob("*.open"))
    return live or any((data / "store").glob("events-*.duckdb")) or any((data / "journal").glob("*.jsonl"))


def _create(path: Path) -> bytes:
    """Write the file atomically: a crash must not leave half a pepper."""
    text = secrets.token_hex(32).encode()
    replace_file(path, text + b"\n")
    return text


def fingerprint(pepper: bytes) -> str:
    """Sixteen hex digits that differ between peppers and reveal nothing about them; the store keeps the fingerprint."""
    return hashlib.sha256(b"footfall-pepper-fingerprint\0" + pepper).hexdigest()[:16]
