"""The settings of a product, read from environment variables: where to send, with which key, and how often."""

import os
import re
from collections.abc import Mapping
from typing import NamedTuple

from .product import Product, state_directory

_PLAIN_ADDRESS = r"https?://[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,3}(?::([0-9]{1,5}))?"
"""Not compiled: only a product without a key needs it."""
_DEBUG = frozenset({"true", "1", "yes"})


class Settings(NamedTuple):
    """Everything that a product's environment decides.

    Attributes:
        host: address that batches are sent to; empty when it can't be used.
        key: the write key; empty when there is none or it can't be used.
        state_dir: see `state_directory`.
        state_dir_configured: whether a variable names the state directory.
        grace_seconds: how long a new instance sends nothing.
        flush_seconds: how long an event waits for others before it is sent.
        deployment_method: as the variable says it, unchecked.
        debug: whether every recorded event is printed too.
        warnings: whole sentences for the log.
        error: the warning that rules out sending; empty where sending is possible.
    """

    host: str
    key: str
    state_dir: str
    state_dir_configured: bool
    grace_seconds: float
    flush_seconds: float
    deployment_method: str
    debug: bool = False
    warnings: tuple[str, ...] = ()
    error: str = ""

    @classmethod
    def read(cls, product: Product, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings; a value that can't be used is replaced by the default and named in `warnings`."""
        env = os.environ if environ is None else environ
        warnings: list[str] = []
        prefix = product.prefix

        def text(name: str, default: str = "") -> str:
            return env.get(prefix + name, "").strip() or default

        def seconds(name: str, default: float, maximum: float) -> float:
            raw = text(name)
            try:
                value = float(raw) if raw else default
            except ValueError:
                value = -1.0
            if 0 <= value <= maximum:
                return value
            warnings.append(f"{prefix}{name} must be a number of seconds from 0 to {maximum:g}; {default:g} is used")
            return default

        host, key, error = _destination(product, text("POSTHOG_HOST"), text("POSTHOG_KEY"))
        if error:
            warnings.append(error)
        if key and text("POSTHOG_HOST") and not text("POSTHOG_KEY"):
            warnings.append(f"{prefix}POSTHOG_HOST is set without {prefix}POSTHOG_KEY: the product's own key is used")
        state_dir = state_directory(product, env)
        if text("TELEMETRY_STATE_DIR") and not state_dir:
            warnings.append(f"{prefix}TELEMETRY_STATE_DIR begins with the home directory of a user who has none")
        return cls(
            host=host,
            key=key,
            state_dir=state_dir,
            state_dir_configured=bool(text("TELEMETRY_STATE_DIR")),
            grace_seconds=seconds("TELEMETRY_GRACE_SECONDS", 600.0, 86_400.0),
            flush_seconds=seconds("TELEMETRY_FLUSH_SECONDS", 10.0, 3600.0),
            deployment_method=text("DEPLOYMENT_METHOD"),
            debug=env.get(product.debug_variable, "").strip().lower() in _DEBUG,
            warnings=tuple(warnings),
            error=error,
        )


def missing_key_message(product: Product) -> str:
    """The problem and its fix, for a product without a write key."""
    return f"no write key: set {product.prefix}POSTHOG_KEY or Product(write_key=...)"


def _destination(product: Product, host_variable: str, key_variable: str) -> tuple[str, str, str]:
    """Host and key, each empty where it can't be used, and a sentence that says why; empty where both can.

    A value comes from its variable, where that is not empty, or else from the product's code.
    """
    host, key = host_variable or product.host, key_variable or product.write_key or ""
    if not key and _is_plain(host):
        return host, key, ""
    # Imported late: a product without a key sends nothing, and shows at most an address.
    from .destination import AddressError, key_problem, normal_address

    errors = []
    try:
        normal = normal_address(_text(host))
    except AddressError as error:
        source = f"{product.prefix}POSTHOG_HOST" if host_variable else "Product(host=...)"
        errors.append(f"{source} {error}")
        normal = ""
    key, problem = _text(key), ""
    if key:
        problem = key_problem(key)
    if problem:
        source = f"{product.prefix}POSTHOG_KEY" if key_variable else "Product(write_key=...)"
        errors.append(f"{source} {problem}")
    return normal, "" if problem else key, f"{'; '.join(errors)}. Nothing is sent" if errors else ""


def _is_plain(host: object) -> bool:
    """Whether an address has only a name and perhaps a port, as most have."""
    match = re.fullmatch(_PLAIN_ADDRESS, host) if isinstance(host, str) else None
    return match is not None and 0 < int(match[1] or 80) < 65536


def _text(value: object) -> str:
    """A value of the product's code without spaces around it; one that is no text is a text that can't be used."""
    return value.strip() if isinstance(value, str) else f"not text: {type(value).__name__}"
