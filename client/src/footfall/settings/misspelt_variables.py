"""Finds the variable that a misspelt name was meant to be. Imported only where the environment has a candidate."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

MIN_SIMILARITY = 0.84
"""Allows one or two letters too many, too few or swapped."""
_WORDS = ("TELEMETRY", "ANALYTICS")
"""Words whose misspellings are no other word. Those of `TRACKING` are: `TRACING` is not about users."""


def intended_name(name: str, variables: Iterable[str]) -> str | None:
    """The variable that `name` misspells; None where it is another program's.

    All names are without the product's prefix and in capitals. The first variable is the switch, which is meant by a
    name that has a misspelt word for telemetry somewhere, such as `NO_TELEMTRY`.
    """
    correct = tuple(variables)
    close = next(iter(get_close_matches(name, correct, 1, MIN_SIMILARITY)), None)
    if close is not None:
        return close
    words = re.split("[^A-Z0-9]+", name)
    return correct[0] if any(get_close_matches(word, _WORDS, 1, MIN_SIMILARITY) for word in words) else None
