"""The commands that change and list write keys and tokens: for the control socket, and for the CLI without a collector.

Each raises ControlError with a sentence for the user.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..receive import WriteKey, WriteKeyError, WriteKeys
from ..runtime import Command, ControlError, Settings, unknown_product
from .tokens import Tokens, TokensError


def key_and_token_commands(settings: Settings, keys: WriteKeys, tokens: Tokens) -> Mapping[str, Command]:
    """The commands by name."""
    return {**key_commands(settings, keys), **_token_commands(settings, tokens)}


def key_commands(settings: Settings, keys: WriteKeys) -> Mapping[str, Command]:
    """The commands on write keys by name."""

    def describe(key: WriteKey) -> dict[str, Any]:
        return _describe(key, keys.timestamp())

    def keys_add(product: str | None = None, key: str | None = None) -> dict[str, Any]:
        with control_errors():
            return describe(keys.add(_product_of_new_key(settings, product), key))

    def keys_rotate(old: str, new: str | None = None, days: int = 30) -> dict[str, Any]:
        if not 0 <= days <= 3650:
            raise ControlError("--days must be from 0 to 3650")
        with control_errors():
            replaced, added = keys.rotate(old, new, days)
        return {"old": describe(replaced), "new": describe(added)}

    def keys_revoke(key: str) -> dict[str, Any]:
        with control_errors():
            return describe(keys.revoke(key))

    def keys_restore(key: str) -> dict[str, Any]:
        with control_errors():
            return describe(keys.restore(key))

    return {
        "keys_add": keys_add,
        "keys_rotate": keys_rotate,
        "keys_revoke": keys_revoke,
        "keys_restore": keys_restore,
        "keys_list": lambda: [describe(key) for key in keys.all()],
    }


def _token_commands(settings: Settings, tokens: Tokens) -> Mapping[str, Command]:
    def tokens_add(name: str, scope: str = "read", product: str | None = None, days: int = 0) -> str:
        if product is not None and product not in settings.products:
            raise ControlError(unknown_product(product, settings.products, settings.data))
        with control_errors():
            return tokens.add(name, scope, product or "", days)

    def tokens_revoke(name: str) -> None:
        with control_errors():
            tokens.revoke(name)

    return {
        "tokens_add": tokens_add,
        "tokens_revoke": tokens_revoke,
        "tokens_list": lambda: [
            {name: getattr(token, name) for name in ("name", "added", "scope", "product", "ends")}
            for token in tokens.all()
        ],
    }


@contextmanager
def control_errors() -> Iterator[None]:
    """Raises errors of the two lists and of their files as ControlError."""
    try:
        yield
    except (WriteKeyError, TokensError) as error:
        raise ControlError(str(error)) from None
    except OSError as error:
        raise ControlError(f"the data directory can't be written ({error.strerror}); check --data") from None


def _describe(key: WriteKey, now: str) -> dict[str, Any]:
    """`state` is `valid`, `rotated` or `revoked`; `accepted` says whether its events are taken now."""
    accepted = key.accepted_at(now)
    state = "revoked"
    if key.revoked is None and not key.refused:
        state = "valid"
    elif key.successor or accepted:
        # Earlier versions did not write the successor down: there, a key whose end is to come was rotated.
        state = "rotated"
    return {
        "key": key.key,
        "product": key.product,
        "added": key.added,
        "revoked": key.revoked,
        "successor": key.successor,
        "state": state,
        "accepted": accepted,
    }


def _product_of_new_key(settings: Settings, name: str | None) -> str:
    product = name or settings.default_product
    if product is None:
        raise ControlError(f"say which product the key is for: --product {' or '.join(settings.products)}")
    if product not in settings.products:
        raise ControlError(unknown_product(product, settings.products, settings.data))
    return product
