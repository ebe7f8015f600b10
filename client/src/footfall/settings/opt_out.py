"""The opt-out decision, made before any other work: whether telemetry is on, off or in preview, and why."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from .product import Product, state_directory

OFF_MARKER = "off"
"""File in the state directory that `footfall off` writes."""

_ON = frozenset({"", "true", "1", "yes", "on"})
_OFF = frozenset({"false", "0", "no", "off"})
_DO_NOT_TRACK_UNSET = frozenset({"", "0", "false"})
_VARIABLES = (
    "TELEMETRY",
    "TELEMETRY_STATE_DIR",
    "TELEMETRY_GRACE_SECONDS",
    "TELEMETRY_FLUSH_SECONDS",
    "POSTHOG_HOST",
    "POSTHOG_KEY",
)
_FRAGMENTS = ("TEL", "METR", "POSTH", "HOG")
"""Every plausible misspelling still contains one of these; only such names are compared."""


@dataclass(frozen=True)
class Decision:
    """Whether telemetry runs: `mode` is `on`, `off` or `preview`; `reason` is a sentence that names what decided.

    `requested` is True when the switch has a value that is not plainly off: if telemetry is off despite it, the log
    says why. `warnings` are whole sentences about variables whose name is misspelt.
    """

    mode: str
    reason: str
    requested: bool = False
    warnings: tuple[str, ...] = ()


def decide(product: Product, environ: Mapping[str, str] | None = None) -> Decision:
    """Decide from the environment and the marker file. Any off wins, and a value that is not clearly on is off."""
    env = os.environ if environ is None else environ
    by_environment = decide_by_environment(product, env)
    if by_environment.mode == "off":
        return by_environment
    directory = state_directory(product, env)
    marker = os.path.join(directory, OFF_MARKER)
    if directory and os.path.exists(marker):
        return Decision("off", f"turned off by `footfall off` ({marker} exists)")
    return by_environment


def decide_by_environment(product: Product, environ: Mapping[str, str]) -> Decision:
    """The part of the decision that needs no file."""
    do_not_track = environ.get("DO_NOT_TRACK", "").strip().lower()
    if do_not_track not in _DO_NOT_TRACK_UNSET:
        return Decision("off", "DO_NOT_TRACK is set")
    variable = f"{product.prefix}TELEMETRY"
    value = environ.get(variable, "").strip().lower()
    if value in _OFF:
        return Decision("off", f"{variable} says so")
    if value != "preview" and value not in _ON:
        reason = f"{variable} has a value that is neither on nor off; use true, false or preview"
        return Decision("off", reason, requested=True)
    misspelt = _misspelt_variables(product.prefix, environ)
    for name, intended in misspelt.items():
        # A misspelt switch still states a wish. Unless it is clearly on, telemetry stays off.
        if intended == variable and environ.get(name, "").strip().lower() not in _ON:
            reason = f"{name}, which is no variable of Footfall's, is not on; did you mean {variable}?"
            return Decision("off", reason, requested=True)
    warnings = tuple(
        f"{name} is no variable of Footfall's; did you mean {intended}?" for name, intended in misspelt.items()
    )
    if value == "preview":
        return Decision("preview", f"{variable}=preview", True, warnings)
    return Decision("on", f"{variable} says so" if value else "on by default", bool(value), warnings)


def _misspelt_variables(prefix: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Misspelt names in the environment, each with the product's variable that was probably intended."""
    correct = {prefix + name for name in _VARIABLES}
    candidates = {
        name: bare
        for name in environ
        if (upper := name.upper()).startswith(prefix)
        and name not in correct
        and any(fragment in (bare := upper[len(prefix) :]) for fragment in _FRAGMENTS)
    }
    if not candidates:
        return {}
    from .misspelt_variables import intended_name

    intended = {
        name: intended_name(bare, _VARIABLES)
        for name, bare in candidates.items()
        if name.isascii() and name.isidentifier()
    }
    return {name: prefix + bare for name, bare in intended.items() if bare}
