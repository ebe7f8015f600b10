"""Explains a rise or fall in the number of calls, or of instances that make them.

`rows` turns calls into what each instance has on either side, `search` finds the values that did not change as all
others did, and `counts` builds the answer. Used by `question`.
"""

from .counts import COUNTS, explain_counts

__all__ = ["COUNTS", "explain_counts"]
