"""Write keys: public names of products, which senders put into every request. They are kept in DATA/keys.json."""

import contextlib
import logging
import re
import secrets
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from msgspec.structs import replace

from footfall.catalogue import catalogue_for, version_property

from ..runtime import SharedFile
from .refusals import RefusedError

_log = logging.getLogger(__name__)

FILE = "keys.json"
_SHOWN = 8
_ADD_PRODUCT = (
    "add [products.NAME] to the collector's footfall.toml, restart it, "
    "then `footfall-collector keys add --product NAME KEY`"
)
_FORM = re.compile(r"[A-Za-z0-9_\-.]{1,64}")


class WriteKeyError(Exception):
    """A key that can't be added or revoked, or a file that can't be used; the message says what to do."""


class WriteKey(msgspec.Struct):
    """One write key. `added` and `revoked` are RFC 3339 times, the latter maybe to come; a revoked key stays listed."""

    key: str
    product: str
    added: str
    revoked: str | None = None


class _File(msgspec.Struct):
    version: int = 1
    keys: list[WriteKey] = []


def valid_write_key(token: object) -> str | None:
    """A token as PostHog's protocol allows it: trimmed, 1 to 64 ASCII letters, digits and `_-.`, no personal key."""
    if not isinstance(token, str):
        return None
    trimmed = token.strip()
    return trimmed if _FORM.fullmatch(trimmed) and not trimmed.startswith("phx_") else None


class _Event(msgspec.Struct):
    properties: dict[str, msgspec.Raw] | None = None


_VERSION = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*_version")
_decode = msgspec.json.Decoder(_Event).decode


def are_of_another_product(events: Iterable[msgspec.Raw], product: str) -> bool:
    """Whether events say the version of some product, and none of them that of this one."""
    found: set[str] = set()
    for raw in events:
        # What is no event is refused alone, later.
        with contextlib.suppress(msgspec.DecodeError, ValueError, RecursionError):
            found |= (_decode(raw).properties or {}).keys()
    if version_property(product) in found:
        return False
    ours = {name for event in catalogue_for(product).events.values() for name in event.properties}
    return any(_VERSION.fullmatch(name) for name in found - ours)


class WriteKeys:
    """The write keys in a data directory.

    The running server and the command line use the same file: whoever changes it replaces it whole, under a lock, and
    the server looks again at most once a second.

    Args:
        data: the data directory.
        first_key_product: the product that the very first key is taken for; None where keys must be added by command.
    """

    def __init__(self, data: Path, first_key_product: str | None = None) -> None:
        self._file = SharedFile(data / FILE, _File, WriteKeyError, time.monotonic)
        self._adopt_for = first_key_product
        self._products: dict[str, str] = {}
        self._ending = ""
        self._strangers_told = False
        self._refresh()

    def product_of(self, token: str) -> str | None:
        """The product that a key stands for, None for an unknown or revoked one."""
        if self._file.check_due():
            self._refresh()
        return self._products.get(token)

    @property
    def adopting(self) -> str | None:
        """The product that the next key will be taken for, None where none will."""
        return self._adopt_for if not self._file.content.keys else None

    def adopting_of(self, events: Iterable[msgspec.Raw]) -> str | None:
        """The product that the key of these events will be taken for, None where it will not be.

        Raises RefusedError (401) where a key would be taken, and they are of another product.
        """
        product = self.adopting
        if product is None or not are_of_another_product(events, product):
            return product
        if not self._strangers_told:
            self._strangers_told = True
            _log.warning("refused events of a product that is not %s: %s", product, _ADD_PRODUCT)
        raise RefusedError(401, "unknown_key", f"These events are of a product that is not known here: {_ADD_PRODUCT}.")

    def add(self, product: str, key: str | None = None) -> WriteKey:
        """Add a key (a new one where none is given). Raises WriteKeyError where it has a wrong form or is taken."""
        wanted = "phc_" + secrets.token_hex(20) if key is None else valid_write_key(key)
        if wanted is None:
            raise WriteKeyError("a write key is 1 to 64 ASCII letters, digits, `_`, `-` and `.`, and not a `phx_` key")
        with self._file.locked():
            keys = self.all()
            known = next((k for k in keys if k.key == wanted), None)
            self._check_free(known, product)
            if known is None:
                known = WriteKey(wanted, product, _at())
                self._write([*keys, known])
        return known

    def rotate(self, old: str, new: str | None, days: int) -> tuple[WriteKey, WriteKey]:
        """Take a new key of the same product, and the old one for so many days more. Both; raises WriteKeyError."""
        replaced = next((k for k in self.all() if k.key == old.strip() and not k.revoked), None)
        if replaced is None:
            raise WriteKeyError("there is no such key that is taken; `footfall-collector keys list` shows them")
        if new is not None and valid_write_key(new) == replaced.key:
            raise WriteKeyError("the new key is the old one; choose another, or give none and one is made")
        added = self.add(replaced.product, new)
        return self._revoke(replaced.key, _at(days * 86_400)), added

    def adopt(self, key: str, product: str) -> None:
        """Take the first key that was seen, and say so. Raises WriteKeyError or OSError where it can't be kept."""
        self.add(product, key)
        shown = key if len(key) <= _SHOWN else key[:_SHOWN] + "…"
        _log.warning("took the first write key that came, %s, for %s; `keys revoke` undoes it", shown, product)

    def revoke(self, key: str) -> WriteKey:
        """Stop taking a key. Raises WriteKeyError where there is no such key."""
        return self._revoke(key, _at())

    def _revoke(self, key: str, when: str) -> WriteKey:
        with self._file.locked():
            keys = self.all()
            known = next((k for k in keys if k.key == key.strip()), None)
            if known is None:
                raise WriteKeyError("there is no such key; `footfall-collector keys list` shows them")
            revoked = replace(known, revoked=min(known.revoked or when, when))
            self._write([revoked if k is known else k for k in keys])
        return revoked

    @staticmethod
    def _check_free(known: WriteKey | None, product: str) -> None:
        if known is not None and (known.product != product or known.revoked):
            state = "revoked" if known.revoked else f"a key of {known.product}"
            raise WriteKeyError(f"this key is already {state}; choose another one")

    def all(self) -> list[WriteKey]:
        """Every key, revoked ones too, oldest first."""
        self._refresh()
        return list(self._file.content.keys)

    def _refresh(self) -> None:
        if self._file.refresh() or (self._ending and _at() >= self._ending):
            self._take()

    def _take(self) -> None:
        """Which keys count now, and when the next one of them ends."""
        now, keys = _at(), self._file.content.keys
        self._products = {k.key: k.product for k in keys if not k.revoked or k.revoked > now}
        self._ending = min((k.revoked for k in keys if k.revoked and k.revoked > now), default="")

    def _write(self, keys: list[WriteKey]) -> None:
        self._file.replace(_File(keys=keys))
        self._take()


def _at(seconds: float = 0.0) -> str:
    """The time so many seconds from now; as texts these compare as times do."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
