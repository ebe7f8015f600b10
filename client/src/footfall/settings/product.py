"""Product and its settings, read from the environment; the opt-out decision, which comes before anything else."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the catalogue imports msgspec, which nothing needs while telemetry is off
    from ..catalogue import Event

DEFAULT_HOST = "https://eu.i.posthog.com"
OFF_MARKER = "off"
"""File in the state directory that `footfall off` writes."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_ON = frozenset({"", "true", "1", "yes", "on"})
_OFF = frozenset({"false", "0", "no", "off"})
_NOT_TRACKED_UNLESS = frozenset({"", "0", "false"})
_VARIABLES = (
    "TELEMETRY",
    "TELEMETRY_STATE_DIR",
    "TELEMETRY_GRACE_SECONDS",
    "TELEMETRY_FLUSH_SECONDS",
    "POSTHOG_HOST",
    "POSTHOG_KEY",
)
_REMINDERS = ("TEL", "METR", "POSTH", "HOG")
"""What even a misspelt name still holds one of; only such names are compared."""
_PERSONAL = "phx_"
"""What PostHog's personal keys start with. They are secrets; a write key is public."""


@dataclass(frozen=True)
class Product:
    """A product that brings telemetry to its users.

    Args:
        name: lower-case words joined by `-`; `dot-ai` makes the prefix `DOT_AI_` and the property `dot_ai_version`.
        version: the product's version; only its admissible part is sent.
        write_key: the product's own public PostHog project key; without one nothing is sent.
        catalogue: events of the product's own, besides the five.
        client_names: MCP client names of the product's own, besides the shipped vocabulary.
        host: where events go unless the environment says otherwise.
    """

    name: str
    version: str = ""
    write_key: str = ""
    catalogue: tuple["type[Event]", ...] = ()
    client_names: tuple[str, ...] = ()
    host: str = DEFAULT_HOST

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"Product name {self.name!r}: use lower-case words joined by '-', such as 'dot-ai'")

    @property
    def prefix(self) -> str:
        """What the product's environment variables start with: `DOT_AI_`."""
        return self.name.replace("-", "_").upper() + "_"


@dataclass(frozen=True)
class Decision:
    """Whether telemetry runs: `mode` is `on`, `off` or `preview`; `reason` says in a sentence what decided.

    `asked` says that somebody wrote a value that is not plainly off: where telemetry is off all the same, the log
    tells why. `warnings` are whole sentences about variables whose name is misspelt.
    """

    mode: str
    reason: str
    asked: bool = False
    warnings: tuple[str, ...] = ()


def decide(product: Product, environ: Mapping[str, str] | None = None) -> Decision:
    """The opt-out decision: any off wins, and a value that is not clearly on is off."""
    env = os.environ if environ is None else environ
    by_environment = decide_by_environment(product, env)
    if by_environment.mode == "off":
        return by_environment
    directory = state_directory(product, env)
    marker = os.path.join(directory, OFF_MARKER)
    if directory and os.path.exists(marker):
        return Decision("off", f"turned off by `footfall off` ({marker} exists)")
    return by_environment


def decide_by_environment(product: Product, env: Mapping[str, str]) -> Decision:
    """The part of the decision that needs no file."""
    not_tracked = env.get("DO_NOT_TRACK", "").strip().lower()
    if not_tracked not in _NOT_TRACKED_UNLESS:
        return Decision("off", "DO_NOT_TRACK is set")
    variable = f"{product.prefix}TELEMETRY"
    value = env.get(variable, "").strip().lower()
    if value in _OFF:
        return Decision("off", f"{variable} says so")
    if value != "preview" and value not in _ON:
        why = f"{variable} has a value that is neither on nor off; use true, false or preview"
        return Decision("off", why, asked=True)
    misspelt = _misspelt(product.prefix, env)
    for name, meant in misspelt.items():
        # Who misspells the switch means to say something with it, and if that is not on, it is off.
        if meant == variable and env.get(name, "").strip().lower() not in _ON:
            why = f"{name}, which is no variable of Footfall's, is not on; did you mean {variable}?"
            return Decision("off", why, asked=True)
    warnings = tuple(f"{name} is no variable of Footfall's; did you mean {meant}?" for name, meant in misspelt.items())
    if value == "preview":
        return Decision("preview", f"{variable}=preview", True, warnings)
    return Decision("on", f"{variable} says so" if value else "on by default", bool(value), warnings)


def _misspelt(prefix: str, env: Mapping[str, str]) -> dict[str, str]:
    """Names in the environment to the variables of the product's that they are misspellings of."""
    known = {prefix + name for name in _VARIABLES}
    candidates = {
        name: bare
        for name in env
        if (upper := name.upper()).startswith(prefix)
        and name not in known
        and any(part in (bare := upper[len(prefix) :]) for part in _REMINDERS)
    }
    if not candidates:
        return {}
    from .misspelt_variables import meant

    found = {
        name: meant(bare, _VARIABLES) for name, bare in candidates.items() if name.isascii() and name.isidentifier()
    }
    return {name: prefix + of for name, of in found.items() if of}


def state_directory(product: Product, env: Mapping[str, str]) -> str:
    """Where the product keeps its state, whether or not it exists yet; empty for a user without a home."""
    named = env.get(f"{product.prefix}TELEMETRY_STATE_DIR", "").strip()
    if named:
        # At once: the host may change its working directory later.
        return os.path.abspath(os.path.expanduser(named))
    # Late: only needed when the environment does not say off.
    from platformdirs import user_state_dir

    try:
        base = user_state_dir("footfall", appauthor=False)
    except RuntimeError:
        return ""
    # Containers with arbitrary user IDs: older releases leave `~` as it is.
    return os.path.join(base, product.name) if os.path.isabs(base) else ""


def no_key(product: Product) -> str:
    """What is wrong, and what to do, where there is no write key."""
    return f"no write key: set {product.prefix}POSTHOG_KEY or Product(write_key=...)"


@dataclass(frozen=True)
class Settings:
    """Everything a product's environment decides. Seconds are floats; `warnings` are whole sentences for the log.

    `refusal` is the warning for which nothing can be sent; empty where there is none.
    """

    host: str
    key: str
    state_dir: str
    state_dir_named: bool
    grace_seconds: float
    flush_seconds: float
    deployment_method: str
    warnings: tuple[str, ...] = ()
    refusal: str = ""

    @classmethod
    def read(cls, product: Product, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings; a value that can't be used is replaced by the default and named in `warnings`."""
        env = os.environ if environ is None else environ
        warnings: list[str] = []
        prefix = product.prefix

        def text(name: str, default: str = "") -> str:
            return env.get(prefix + name, "").strip() or default

        def seconds(name: str, default: float, most: float) -> float:
            raw = text(name)
            try:
                value = float(raw) if raw else default
            except ValueError:
                value = -1.0
            if 0 <= value <= most:
                return value
            warnings.append(f"{prefix}{name} is not a number of seconds from 0 to {most:g}; using {default:g}")
            return default

        host, key = text("POSTHOG_HOST", product.host).rstrip("/"), text("POSTHOG_KEY", product.write_key)
        refusals = _refusals(host, key, prefix, by_variable=bool(text("POSTHOG_KEY")))
        if "host" in refusals:
            host = ""
        if "key" in refusals:
            key = ""
        warnings.extend(refusals.values())
        if key and text("POSTHOG_HOST") and not text("POSTHOG_KEY"):
            warnings.append(f"{prefix}POSTHOG_HOST is set without {prefix}POSTHOG_KEY: the product's own key is used")
        return cls(
            host=host,
            key=key,
            state_dir=state_directory(product, env),
            state_dir_named=bool(text("TELEMETRY_STATE_DIR")),
            grace_seconds=seconds("TELEMETRY_GRACE_SECONDS", 600.0, 86_400.0),
            flush_seconds=seconds("TELEMETRY_FLUSH_SECONDS", 10.0, 3600.0),
            deployment_method=text("DEPLOYMENT_METHOD"),
            warnings=tuple(warnings),
            refusal=next(iter(refusals.values()), ""),
        )


def _refusals(host: str, key: str, prefix: str, *, by_variable: bool) -> dict[str, str]:
    """Which of `host` and `key` can't be used, each with a sentence; `by_variable`: the key is the environment's."""
    found = {}
    if not re.match(r"https?://[^/\s?#@]+[^\s?#@]*$", host):
        found["host"] = f"{prefix}POSTHOG_HOST is not an http:// or https:// address; nothing is sent"
    if key.lower().startswith(_PERSONAL):
        where = f"{prefix}POSTHOG_KEY" if by_variable else "Product(write_key=...)"
        found["key"] = (
            f"{where} is a personal key ({_PERSONAL}...), which is secret; use the project's key (phc_...). "
            "Nothing is sent"
        )
    return found
