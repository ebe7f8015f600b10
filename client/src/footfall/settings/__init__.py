"""Whether telemetry runs, and where it sends: the product, the opt-out decision, and the environment's variables.

`product` says who collects and where its state is kept; `opt_out` decides on, off or preview from the environment
and the marker of `footfall off`; `environment` reads all other settings. `misspelt_variables` and `notice`, the text
of the first run, are imported only where they are needed.

Nothing here starts a thread, writes a file or opens a socket. With telemetry off, `product` and `opt_out` are all that
is imported: the names of `environment` are loaded when they are first used.
"""

from typing import TYPE_CHECKING, Any

from .opt_out import OFF_MARKER, Decision, decide, decide_by_environment, in_pytest
from .product import DEFAULT_HOST, Product, state_directory

__all__ = [
    "DEFAULT_HOST",
    "OFF_MARKER",
    "Decision",
    "Product",
    "Settings",
    "decide",
    "decide_by_environment",
    "in_pytest",
    "missing_key_message",
    "state_directory",
]

if TYPE_CHECKING:
    from .environment import Settings, missing_key_message


def __getattr__(name: str) -> Any:
    if name in ("Settings", "missing_key_message"):
        from . import environment

        return getattr(environment, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
