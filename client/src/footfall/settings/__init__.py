"""Whether telemetry runs, and where it sends: the product, the opt-out decision, and the environment's variables.

Nothing here starts anything: with telemetry off, this is all that is imported. `notice`, the text of
the first start, and `misspelt_variables` are imported only where they are needed.
"""

from .product import DEFAULT_HOST, OFF_MARKER, Decision, Product, Settings, decide, no_key, state_directory

__all__ = [
    "DEFAULT_HOST",
    "OFF_MARKER",
    "Decision",
    "Product",
    "Settings",
    "decide",
    "no_key",
    "state_directory",
]
