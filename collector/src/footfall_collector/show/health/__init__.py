"""The health of the data: what the collector counted, what does not fit, and values that are only known as `other`.

`data_health` reads the collector's own counters and makes the tables of the data-health page; `other_values` says for
each property how many values became `other`, since when and in which versions, with the line that would name them;
`open_alerts` are the alerts of a range, for charts over time; `one_product` is for who may know of one only.
An answer of the API is a msgspec struct, as in `insight`. Used by `pages`, `api` and `mcp`.
"""

from .data_health import change_token, data_health, health_sentence
from .health_answer import DataHealth
from .one_product import only_product
from .open_alerts import OpenAlert, open_alerts
from .other_values import OtherValue, OtherValueList, other_values
from .stored_days import stored_events

__all__ = [
    "DataHealth",
    "OpenAlert",
    "OtherValue",
    "OtherValueList",
    "change_token",
    "data_health",
    "health_sentence",
    "only_product",
    "open_alerts",
    "other_values",
    "stored_events",
]
