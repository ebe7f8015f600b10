"""What a page opens above its panels, *What differs* and the comparison of two segments, for links that keep it.

Written out and checked when the link is made, so that the page asks each of them in one way, and a reader in no other.
"""

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlencode

from footfall.catalogue import Catalogue

from ...answer import MAX_CONDITIONS, MAX_VALUE_LENGTH, FilterError, SavedSegments, check_conditions
from ..explain import EXPLAINED_MEASURES
from .openapi import AGAINST, MEASURE, SIDES

OPENED = ("explain", AGAINST, *SIDES)
"""The parameters of a page's address that open them."""
_Sent = frozenset[tuple[str, str]]


def opened_by(page: str, query: str, saved: SavedSegments, catalogue: Catalogue) -> str:
    """The parameters of an address that open something; saved segments are written out. Raises FilterError."""
    if page == "health":
        return ""
    sent = [(name, value) for name, value in parse_qsl(query) if name in OPENED]
    single = dict(sent)
    opened: list[tuple[str, str]] = []
    if explain := single.get("explain"):
        opened.append(("explain", explain if explain in EXPLAINED_MEASURES else "1"))
    if against := single.get(AGAINST):
        if len(against) > MAX_VALUE_LENGTH:
            raise FilterError(f"{AGAINST} is longer than {MAX_VALUE_LENGTH} characters.")
        opened.append((AGAINST, against))
    sides = {side: _conditions((text for name, text in sent if name == side), saved, catalogue) for side in SIDES}
    if all(sides.values()):
        opened += [(side, condition) for side, conditions in sides.items() for condition in conditions]
    return urlencode(opened)


def _conditions(texts: Iterable[str], saved: SavedSegments, catalogue: Catalogue) -> list[str]:
    conditions: list[str] = []
    for text in texts:
        conditions += [text] if ":" in text else saved.conditions(catalogue.product, text)
    if len(conditions) > MAX_CONDITIONS:
        raise FilterError(f"A side of a comparison has at most {MAX_CONDITIONS} conditions.")
    check_conditions(conditions, catalogue)
    return conditions


def opened_questions(opened: str) -> Mapping[str, _Sent]:
    """What the page asks for what is open, besides its filters (`frontend/src/page/explain.ts`, `comparison.ts`)."""
    values = parse_qsl(opened)
    single = dict(values)
    sides = frozenset((name, value) for name, value in values if name in SIDES)
    questions = {"/api/compare": sides} if sides else {}
    if "explain" in single or AGAINST in single:
        against = single.get(AGAINST)
        of = frozenset({(AGAINST, against)}) if against else sides
        measure = single.get("explain", "")
        measured = frozenset({(MEASURE, measure)}) if measure in EXPLAINED_MEASURES[1:] else frozenset()
        questions["/api/explain"] = of | measured
    return questions
