"""The settings of a product, read from environment variables: where to send, with which key, and how often."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from .product import Product, state_directory

_PERSONAL_KEY_PREFIX = "phx_"
"""PostHog's personal keys are secrets; a write key is public."""


_DEBUG = frozenset({"true", "1", "yes"})


@dataclass(frozen=True)
class Settings:
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
        error: the first warning that rules out sending; empty where sending is possible.
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
            warnings.append(f"{prefix}{name} is not a number of seconds from 0 to {maximum:g}; using {default:g}")
            return default

        host, key = text("POSTHOG_HOST", product.host).rstrip("/"), text("POSTHOG_KEY", product.write_key)
        errors = _destination_errors(host, key, prefix, key_from_variable=bool(text("POSTHOG_KEY")))
        host, key = "" if "host" in errors else host, "" if "key" in errors else key
        warnings.extend(errors.values())
        if key and text("POSTHOG_HOST") and not text("POSTHOG_KEY"):
            warnings.append(f"{prefix}POSTHOG_HOST is set without {prefix}POSTHOG_KEY: the product's own key is used")
        return cls(
            host=host,
            key=key,
            state_dir=state_directory(product, env),
            state_dir_configured=bool(text("TELEMETRY_STATE_DIR")),
            grace_seconds=seconds("TELEMETRY_GRACE_SECONDS", 600.0, 86_400.0),
            flush_seconds=seconds("TELEMETRY_FLUSH_SECONDS", 10.0, 3600.0),
            deployment_method=text("DEPLOYMENT_METHOD"),
            debug=env.get(product.debug_variable, "").strip().lower() in _DEBUG,
            warnings=tuple(warnings),
            error=next(iter(errors.values()), ""),
        )


def missing_key_message(product: Product) -> str:
    """The problem and its fix, for a product without a write key."""
    return f"no write key: set {product.prefix}POSTHOG_KEY or Product(write_key=...)"


def _destination_errors(host: str, key: str, prefix: str, *, key_from_variable: bool) -> dict[str, str]:
    """A sentence for each of `host` and `key` that can't be used."""
    errors = {}
    if not re.match(r"https?://[^/\s?#@]+[^\s?#@]*$", host):
        errors["host"] = f"{prefix}POSTHOG_HOST is not an http:// or https:// address; nothing is sent"
    if key.lower().startswith(_PERSONAL_KEY_PREFIX):
        source = f"{prefix}POSTHOG_KEY" if key_from_variable else "Product(write_key=...)"
        errors["key"] = (
            f"{source} is a personal key ({_PERSONAL_KEY_PREFIX}...), which is secret; use the project's key "
            "(phc_...). Nothing is sent"
        )
    return errors
