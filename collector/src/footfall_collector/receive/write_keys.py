"""Write keys: public names of products, which are in every request of a sender. They are stored in DATA/keys.json."""

import contextlib
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import msgspec
from msgspec.structs import replace

from footfall.catalogue import catalogue_for, version_property

from ..runtime import SharedFile, utc_stamp
from .refusals import RefusedError

_log = logging.getLogger(__name__)

FILE = "keys.json"
_SHOWN_CHARACTERS = 8
_LOOKED_AT = 100
"""The first events of a batch show its product."""
_ADD_PRODUCT = (
    "add [products.NAME] to the collector's footfall.toml, restart it, "
    "then `footfall-collector keys add --product NAME KEY`"
)
_FORM = re.compile(r"[A-Za-z0-9_\-.]{1,64}")


class WriteKeyError(Exception):
    """A key that can't be added or revoked, or a file that can't be used; the message says what to do."""


class WriteKey(msgspec.Struct):
    """One write key. Keys that are not accepted any more stay listed.

    Attributes:
        added: RFC 3339.
        revoked: RFC 3339, perhaps to come; None for a valid key.
        successor: the key that replaces it, where it was rotated and not revoked since.
        refused: it is refused whatever the clock says; else from `revoked` on.
    """

    key: str
    product: str
    added: str
    revoked: str | None = None
    successor: str | None = None
    refused: bool = False

    def accepted_at(self, moment: str) -> bool:
        """Whether events with this key are accepted at an RFC 3339 time."""
        return not self.refused and (self.revoked is None or self.revoked > moment)


class _WriteKeysFile(msgspec.Struct):
    version: int = 1
    keys: list[WriteKey] = []


def valid_write_key(token: object) -> str | None:
    """A trimmed token of PostHog's form: 1 to 64 ASCII letters, digits and `_-.`. None for others and personal keys."""
    if not isinstance(token, str):
        return None
    trimmed = token.strip()
    return trimmed if _FORM.fullmatch(trimmed) and not trimmed.startswith("phx_") else None


class _EventProperties(msgspec.Struct):
    properties: dict[str, msgspec.Raw] | None = None


_VERSION = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*_version")
_decode = msgspec.json.Decoder(_EventProperties).decode


def are_of_another_product(events: Iterable[msgspec.Raw], product: str) -> bool:
    """Whether some event has the version property of another product, and none has that of this one."""
    names: set[str] = set()
    for raw in islice(events, _LOOKED_AT):
        # Admission refuses a value that is no event.
        with contextlib.suppress(msgspec.DecodeError, ValueError, RecursionError):
            names |= (_decode(raw).properties or {}).keys()
    if version_property(product) in names:
        return False
    own = {name for event in catalogue_for(product).events.values() for name in event.properties}
    return any(_VERSION.fullmatch(name) for name in names - own)


class WriteKeys:
    """The write keys in a data directory.

    The running server and the command line share the file. Each change replaces it whole, under a lock; the server
    reads it again at most once a second.

    Args:
        data: the data directory.
        first_key_product: the product for which the first key received is added; None: keys are added by command.
        clock: epoch seconds.
    """

    def __init__(
        self, data: Path, first_key_product: str | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._file = SharedFile(data / FILE, _WriteKeysFile, WriteKeyError, time.monotonic)
        self._first_key_product = first_key_product
        self._products: dict[str, str] = {}
        self._next_end = ""
        self._other_product_logged = False
        self._refresh()

    def product_of(self, token: str) -> str | None:
        """The product of a key; None for an unknown or revoked one."""
        if self._file.check_due():
            self._refresh()
        return self._products.get(token)

    def may_accept(self, token: str) -> bool:
        """Whether events under a key can be accepted: it is known, or the first key is awaited."""
        return self.product_of(token) is not None or self.awaited_product is not None

    @property
    def awaited_product(self) -> str | None:
        """The product for which the next key received is added; None where there is a key already."""
        return self._first_key_product if not self._file.content.keys else None

    def product_for_first_key(self, events: Iterable[msgspec.Raw]) -> str | None:
        """The product for which the key of these events is to be added; None where no key is awaited.

        Raises RefusedError (401) where a key is awaited and the events are of another product.
        """
        product = self.awaited_product
        if product is None or not are_of_another_product(events, product):
            return product
        if not self._other_product_logged:
            self._other_product_logged = True
            _log.warning("refused events of a product that is not %s: %s", product, _ADD_PRODUCT)
        raise RefusedError(401, "unknown_key", f"These events are of a product that is not known here: {_ADD_PRODUCT}.")

    def add(self, product: str, key: str | None = None) -> WriteKey:
        """Add a key (a new random one for None). Raises WriteKeyError for a wrong form, or a key that is in use."""
        wanted = "phc_" + secrets.token_hex(20) if key is None else valid_write_key(key)
        if wanted is None:
            raise WriteKeyError("a write key is 1 to 64 ASCII letters, digits, `_`, `-` and `.`, and not a `phx_` key")
        with self._file.locked():
            keys = self.all()
            existing = next((k for k in keys if k.key == wanted), None)
            self._check_available(existing, product)
            if existing is not None:
                return existing
            added = WriteKey(wanted, product, self.timestamp())
            self._write([*keys, added])
        return added

    def rotate(self, old: str, new: str | None, days: int) -> tuple[WriteKey, WriteKey]:
        """Add a key of the same product and revoke the old one in `days` days. Returns (old, new)."""
        replaced = next((k for k in self.all() if k.key == old.strip() and not k.revoked and not k.refused), None)
        if replaced is None:
            raise WriteKeyError("there is no such valid key; `footfall-collector keys list` shows them")
        if new is not None and valid_write_key(new) == replaced.key:
            raise WriteKeyError("the new key is the old one; choose another, or give none to have one made")
        added = self.add(replaced.product, new)
        end = self.timestamp(days * 86_400)
        rotated = self._change(old, lambda key: replace(key, revoked=end, successor=added.key, refused=not days))
        return rotated, added

    def add_first(self, key: str, product: str) -> None:
        """Add the first key received, and log it. Raises WriteKeyError or OSError where it can't be stored."""
        self.add(product, key)
        shown = key if len(key) <= _SHOWN_CHARACTERS else key[:_SHOWN_CHARACTERS] + "…"
        _log.warning("added the first write key received, %s, for %s; `keys revoke` undoes it", shown, product)

    def revoke(self, key: str) -> WriteKey:
        """Revoke a key now, and for good: no clock brings it back. Raises WriteKeyError where there is no such key."""
        now = self.timestamp()
        return self._change(key, lambda k: replace(k, revoked=min(k.revoked or now, now), successor=None, refused=True))

    def restore(self, key: str) -> WriteKey:
        """Accept a revoked or rotated key again. Raises WriteKeyError where it is valid, or where there is none."""

        def restored(known: WriteKey) -> WriteKey:
            if known.revoked is None and not known.refused:
                raise WriteKeyError("this key is valid, so there is nothing to restore")
            return replace(known, revoked=None, successor=None, refused=False)

        return self._change(key, restored)

    def _change(self, key: str, change: Callable[[WriteKey], WriteKey]) -> WriteKey:
        with self._file.locked():
            keys = self.all()
            existing = next((k for k in keys if k.key == key.strip()), None)
            if existing is None:
                raise WriteKeyError("there is no such key; `footfall-collector keys list` shows them")
            changed = change(existing)
            self._write([changed if k is existing else k for k in keys])
        return changed

    @staticmethod
    def _check_available(existing: WriteKey | None, product: str) -> None:
        if existing is not None and existing.revoked:
            raise WriteKeyError("this key is already revoked; `keys restore` gives it back, or choose another one")
        if existing is not None and existing.product != product:
            raise WriteKeyError(f"this key is already a key of {existing.product}; choose another one")

    def all(self) -> list[WriteKey]:
        """Every key with the revoked ones, oldest first."""
        self._refresh()
        return list(self._file.content.keys)

    def _refresh(self) -> None:
        if self._file.refresh() or (self._next_end and self.timestamp() >= self._next_end):
            self._apply()

    def _apply(self) -> None:
        """Set the keys that are valid now, and the time at which the next of them ends."""
        now, keys = self.timestamp(), self._file.content.keys
        accepted = [k for k in keys if k.accepted_at(now)]
        self._products = {k.key: k.product for k in accepted}
        self._next_end = min((k.revoked for k in accepted if k.revoked), default="")

    def _write(self, keys: list[WriteKey]) -> None:
        self._file.replace(_WriteKeysFile(keys=keys))
        self._apply()

    def timestamp(self, seconds_from_now: float = 0.0) -> str:
        """An RFC 3339 time. Such texts sort in the order of their times."""
        return utc_stamp(self._clock() + seconds_from_now)
