"""The opt-out decision, made before any other work: whether telemetry is on, off or in preview, and why."""

import os
import re
import sys
from collections.abc import Mapping
from typing import NamedTuple

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
"""All that the client reads. A variable that is missing here and has one of `_SPOKEN` turns telemetry off."""
_SPOKEN = (
    r"TELEMETR|TRACK|ANALYTIC|FOOTFALL|OPT[^A-Z0-9]?OUT|(?<![A-Z0-9])DNT(?![A-Z0-9])"
    r"|POSTHOG(?:[^A-Z0-9]?(?:DISABLED?|ENABLED?|OFF|ON))?$|(?:NO|DISABLE|ENABLE|USE|WITHOUT)[^A-Z0-9]?POSTHOG"
)
"""A variable of the product's with one of these states a wish about telemetry, tracking or analytics.

Not compiled: that takes as long as the rest of the decision, and hardly any process has such a variable.
"""
_FRAGMENTS = ("TEL", "METR", "POSTH", "HOG", "TRACK", "ANA", "LYT", "DNT", "OPT", "FOOTFALL")
"""Every plausible misspelling still contains one of these; only such names are compared."""
_ATTACHED = (
    "(?=(?:NO|DONOT|DONT|DISABLE|ENABLE|OPTOUT|OPTIN|USE|USAGE|SEND|ALLOW|ANONYMOUS|COLLECT|STOP|SKIP|WITHOUT)*"
    "(?:TELEMETR|TRACK|ANALYTIC|FOOTFALL|OPTOUT|DNT))"
)
"""`DOTAITELEMETRY` has no separator at all; `DOTAIX_TELEMETRY` belongs to another product."""
_SEPARATORS = re.compile("[^A-Z0-9]+")
_SERVICE_VARIABLE = r"(.+?)_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)\w*)?)"
"""What Kubernetes sets in every pod for a Service, such as one named `dot-ai-telemetry`: nobody's wish."""


class Decision(NamedTuple):
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


def in_pytest(environ: Mapping[str, str]) -> bool:
    """Whether pytest runs this process or its parent. An installed or imported pytest is no test."""
    # pytest (before 8.2 our plugin) sets the second one for its whole session, but an image may also use the name to
    # pin pytest's version.
    return bool(environ.get("PYTEST_CURRENT_TEST") or (environ.get("PYTEST_VERSION") and "pytest" in sys.modules))


def decide_by_environment(product: Product, environ: Mapping[str, str]) -> Decision:
    """The part of the decision that needs no file."""
    do_not_track = _do_not_track(environ)
    if do_not_track:
        return Decision("off", f"{do_not_track} is set")
    variable = f"{product.prefix}TELEMETRY"
    value = environ.get(variable, "").strip().lower()
    if value in _OFF:
        return Decision("off", f"{variable} says so")
    if value != "preview" and value not in _ON:
        reason = f"{variable} must be true, false or preview: its value is neither on nor off"
        return Decision("off", reason, requested=True)
    unknown = _unknown_variables(product.prefix, environ)
    for name, (intended, spoken) in unknown.items():
        if spoken:
            reason = (
                f"{name} is no variable of Footfall's, and any unknown variable of {product.name} about telemetry, "
                f"tracking or analytics turns it off; did you mean {intended}?"
            )
            return Decision("off", reason, requested=True)
    warnings = tuple(
        f"{name} is no variable of Footfall's; did you mean {intended}?" for name, (intended, _) in unknown.items()
    )
    if value == "preview":
        return Decision("preview", f"{variable}=preview", True, warnings)
    return Decision("on", f"{variable} says so" if value else "on by default", bool(value), warnings)


def _do_not_track(environ: Mapping[str, str]) -> str:
    """The name of a DO_NOT_TRACK that is set, in any case; empty where none is."""
    names = (name for name in environ if "TRACK" in (upper := name.upper()) and _squash(upper) == "DONOTTRACK")
    for name in ("DO_NOT_TRACK", *names):
        if environ.get(name, "").strip().lower() not in _DO_NOT_TRACK_UNSET:
            return _printable(name)
    return ""


def _unknown_variables(prefix: str, environ: Mapping[str, str]) -> dict[str, tuple[str, bool]]:
    """Variables with the product's prefix that look like the product's own and are not.

    Each has the variable that was probably intended, and whether it speaks of telemetry, tracking or analytics.
    """
    correct = {prefix + name for name in _VARIABLES}
    letters = _squash(prefix)
    candidates = [
        name
        for name in environ
        if name not in correct
        and _squash(upper := name.upper()).startswith(letters)
        and any(fragment in upper for fragment in _FRAGMENTS)
        and not _is_service_variable(upper, environ)
    ]
    unknown = {}
    for name in candidates:
        bare = _without_prefix(prefix, name.upper())
        intended, spoken = _intended(bare) if bare else ("", False)
        if intended:
            unknown[_printable(name)] = prefix + intended, spoken
    return unknown


def _intended(bare: str) -> tuple[str, bool]:
    """The variable that a name was probably meant to be, and whether the name speaks of telemetry.

    All names are in capitals and without the prefix. Empty for another program's.
    """
    if not re.search(_SPOKEN, bare):
        # Imported late: with telemetry off by a name that needs no comparison, nothing more is loaded.
        from .misspelt_variables import intended_name

        intended = intended_name(bare, _VARIABLES)
        return intended or "", bool(intended and re.search(_SPOKEN, intended))
    words = set(re.split("[^A-Z0-9]+", bare)) - {"TELEMETRY", "POSTHOG"}
    return max(_VARIABLES, key=lambda variable: len(words.intersection(variable.split("_")))), True


def _without_prefix(prefix: str, upper: str) -> str:
    """The end of a name after the prefix, whose words may be separated in any form or not at all; empty for others."""
    words = map(re.escape, prefix.strip("_").split("_"))
    match = re.match(f"{'[^A-Z0-9]*'.join(words)}(?:[^A-Z0-9]+|{_ATTACHED})(.+)", upper, re.DOTALL)
    return match[1] if match else ""


def _is_service_variable(upper: str, environ: Mapping[str, str]) -> bool:
    match = re.fullmatch(_SERVICE_VARIABLE, upper)
    return match is not None and all(f"{match[1]}_SERVICE_{end}" in environ for end in ("HOST", "PORT"))


def _squash(upper: str) -> str:
    return _SEPARATORS.sub("", upper)


def _printable(name: str) -> str:
    """A name as one short line of ASCII."""
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in name[:100])
