"""Values that are not shown as they were sent: what an assistant reads of them, and how many are only known as `other`.

`established_values` bounds the names that an assistant reads to those that are listed or widely sent. `other_values`
counts the values that are `other` in the store. `Answers` uses both; `value_caps` is what charts show.
"""

from .established_values import MIN_GROUP, EstablishedValues, has_open_words
from .other_values import OtherCount, other_counts

__all__ = ["MIN_GROUP", "EstablishedValues", "OtherCount", "has_open_words", "other_counts"]
