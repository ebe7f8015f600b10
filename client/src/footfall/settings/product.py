"""The product that brings telemetry to its users, and the directory where it keeps state."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the catalogue imports msgspec, which nothing needs while telemetry is off
    from ..catalogue import Event

DEFAULT_HOST = "https://eu.i.posthog.com"

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


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
        """The prefix of the product's environment variables: `DOT_AI_`."""
        return self.name.replace("-", "_").upper() + "_"

    @property
    def debug_variable(self) -> str:
        """The variable that has every recorded event printed: `DEBUG_DOT_AI`."""
        return f"DEBUG_{self.prefix}".rstrip("_")


def state_directory(product: Product, environ: Mapping[str, str]) -> str:
    """The path of the product's state directory, which may not exist yet; empty where a home is missing."""
    configured = environ.get(f"{product.prefix}TELEMETRY_STATE_DIR", "").strip()
    if configured:
        expanded = os.path.expanduser(configured)
        # Resolved now: the host may change its working directory later. A `~` without a home must not name a directory.
        return "" if expanded.startswith("~") else os.path.abspath(expanded)
    # Imported late: it is only needed when the environment does not say off.
    from platformdirs import user_state_dir

    try:
        base = user_state_dir("footfall", appauthor=False)
    except RuntimeError:
        return ""
    # Containers with arbitrary user IDs: older releases of platformdirs leave `~` unresolved.
    return os.path.join(base, product.name) if os.path.isabs(base) else ""
