"""Finds the variable that a misspelt name was meant to be. Imported only where the environment has a candidate."""

from collections.abc import Iterable
from difflib import get_close_matches

MIN_SIMILARITY = 0.84
"""Allows one or two letters too many, too few or swapped. `TELEMETRY_URL`, another program's variable, is below it."""


def intended_name(name: str, variables: Iterable[str]) -> str | None:
    """The variable that `name` misspells; None where it is another program's.

    All names are without the product's prefix, and `name` is in capitals.
    """
    correct = tuple(variables)
    if name in correct:
        return name  # only its case was wrong: names of variables are in capitals
    # `AI_TELEMETRY` after `DOT_` is not misspelt: it belongs to the product dot-ai, not to dot.
    if name.endswith(tuple(f"_{variable}" for variable in correct)):
        return None
    return next(iter(get_close_matches(name, correct, 1, MIN_SIMILARITY)), None)
