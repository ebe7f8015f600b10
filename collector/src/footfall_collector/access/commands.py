"""What is done to write keys and tokens, for the control socket and for the command line while no collector runs."""

from collections.abc import Callable, Mapping
from typing import Any

from ..receive import WriteKey, WriteKeyError, WriteKeys
from ..runtime import Command, ControlError, Settings, no_such_product
from .tokens import Tokens, TokensError


def access_commands(settings: Settings, keys: WriteKeys, tokens: Tokens) -> Mapping[str, Command]:
    """The commands by name, for the control socket and for the command line while no collector runs."""

    def keys_add(product: str | None = None, key: str | None = None) -> dict[str, Any]:
        return _shown(done(lambda: keys.add(_product(settings, product), key)))

    def keys_rotate(old: str, new: str | None = None, days: int = 30) -> dict[str, Any]:
        if not 0 <= days <= 3650:
            raise ControlError("--days must be from 0 to 3650")
        replaced, added = done(lambda: keys.rotate(old, new, days))
        return {"old": _shown(replaced), "new": _shown(added)}

    def keys_revoke(key: str) -> dict[str, Any]:
        return _shown(done(lambda: keys.revoke(key)))

    return {
        "keys_add": keys_add,
        "keys_rotate": keys_rotate,
        "keys_revoke": keys_revoke,
        "keys_list": lambda: [_shown(key) for key in keys.all()],
        "tokens_add": lambda name: done(lambda: tokens.add(name)),
        "tokens_revoke": lambda name: done(lambda: tokens.revoke(name)),
        "tokens_list": lambda: [{"name": token.name, "added": token.added} for token in tokens.all()],
    }


def _shown(key: WriteKey) -> dict[str, Any]:
    return {"key": key.key, "product": key.product, "added": key.added, "revoked": key.revoked}


def done(work: Callable[[], Any]) -> Any:
    """The result of some work on the lists, its errors as ControlError."""
    try:
        return work()
    except (WriteKeyError, TokensError) as error:
        raise ControlError(str(error)) from None
    except OSError as error:
        raise ControlError(f"the data directory can't be written ({error.strerror}); check --data") from None


def _product(settings: Settings, given: str | None) -> str:
    product = given or settings.default_product
    if product is None:
        raise ControlError(f"say which product the key is for: --product {' or '.join(settings.products)}")
    if product not in settings.products:
        raise ControlError(no_such_product(product, settings.products, settings.data))
    return product
