"""The roll-ups: counts that are kept ready, and how each follows from raw events.

`tables` lists the roll-ups of the built-in charts. `facts` derives others from the catalogues: for each event, one that
counts it by day, instance and all its properties, and one for each of its numbers. Questions (`answer/questions`) are
answered from them, so a product's own events need no line of code.

The engines' packages and `answer` import from this package; it imports the catalogue only.
"""

from .facts import (
    CALLS_EVENT,
    COMMON_PROPERTIES,
    FACTS_PATTERN,
    LIFETIME_FACTS,
    STATE_EVENT,
    FactTables,
    fact_tables,
    known_events,
    lifetime_facts,
    property_key,
)
from .tables import (
    FIRST_AT,
    HISTORY,
    INSTANCE,
    LAST_AT,
    LASTING,
    LIFETIME,
    LIFETIMES,
    NARROW_ROLLUPS,
    RECENT,
    RECENT_CALLS,
    RECENT_DAYS,
    RECENT_EVENTS,
    RECENT_TEXTS,
    ROLLUPS,
    ROLLUPS_BY_NAME,
    STANDING,
    STANDING_DAYS,
    STANDING_SPAN,
    STANDING_TABLE,
    TABLES,
    VERSION_AND_PROVIDER,
    RollupTable,
)

__all__ = [
    "CALLS_EVENT",
    "COMMON_PROPERTIES",
    "FACTS_PATTERN",
    "FIRST_AT",
    "HISTORY",
    "INSTANCE",
    "LASTING",
    "LAST_AT",
    "LIFETIME",
    "LIFETIMES",
    "LIFETIME_FACTS",
    "NARROW_ROLLUPS",
    "RECENT",
    "RECENT_CALLS",
    "RECENT_DAYS",
    "RECENT_EVENTS",
    "RECENT_TEXTS",
    "ROLLUPS",
    "ROLLUPS_BY_NAME",
    "STANDING",
    "STANDING_DAYS",
    "STANDING_SPAN",
    "STANDING_TABLE",
    "STATE_EVENT",
    "TABLES",
    "VERSION_AND_PROVIDER",
    "FactTables",
    "RollupTable",
    "fact_tables",
    "known_events",
    "lifetime_facts",
    "property_key",
]
