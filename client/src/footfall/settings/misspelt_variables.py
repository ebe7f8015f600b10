"""Variables that nobody reads because their name is misspelt. Imported only where the environment has a candidate."""

from collections.abc import Iterable
from difflib import get_close_matches

LEAST_ALIKE = 0.84
"""A letter too many, too few or swapped, or two; `TELEMETRY_URL`, a variable of somebody else's, is less alike."""


def meant(name: str, known: Iterable[str]) -> str | None:
    """The one of the `known` names that `name`, which is none of them, is a misspelling of; None where it is not.

    Both are without the product's prefix, and `name` is in capitals.
    """
    names = tuple(known)
    if name in names:
        return name  # in other letters: the names of variables are in capitals
    # `AI_TELEMETRY` after `DOT_` is not misspelt: it belongs to the product dot-ai, not to dot.
    if name.endswith(tuple(f"_{one}" for one in names)):
        return None
    return next(iter(get_close_matches(name, names, 1, LEAST_ALIKE)), None)
