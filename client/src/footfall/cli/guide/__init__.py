"""The Telemetry Guide of a product: what its users read before they decide, written from its catalogue.

`telemetry_guide` fills `guide.md` with the tables of `tables`, with what `claims` says is never sent, and with the
numbers of the code that keeps to them. `shipping` holds what depends on how a product is installed. What it says holds
for the product's own events too: a sentence that their kinds do not guarantee is left out. Imported by `cli` and by the
generator of the documentation.
"""

from .claims import OwnEvents, own_events
from .shipping import Shipping
from .tables import cell, kind_in_words
from .telemetry_guide import COLLECTOR_RETENTION_DAYS, GUIDE_MARK, collected, limits, telemetry_guide

__all__ = [
    "COLLECTOR_RETENTION_DAYS",
    "GUIDE_MARK",
    "OwnEvents",
    "Shipping",
    "cell",
    "collected",
    "kind_in_words",
    "limits",
    "own_events",
    "telemetry_guide",
]
