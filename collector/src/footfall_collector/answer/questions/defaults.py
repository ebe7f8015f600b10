"""The questions that every property of every event has from the start: what a page can show of a new event."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

import msgspec

from footfall.catalogue import Amount, Catalogue, EventType, Property, Version

from .question import DAY_STEP, EVENTS, SHARE

BARS, DISTRIBUTION, OVER_TIME = "bars", "distribution", "over time"


class PropertyQuestion(msgspec.Struct, frozen=True):
    """A question that a property has without anybody writing it.

    Attributes:
        product: the product's name.
        event: the event that carries the property.
        property: its name; empty for an event without any, which is counted over time.
        kind: its kind in the catalogue, such as `vocabulary` or `bounded number`; empty without a property.
        unit: of a number, what the catalogue counts it in, such as `seconds`; empty for all else.
        meaning: what it says; without a property, what the event says.
        page: the question of the catalogue that it answers: `tools`, `errors`, `providers` or `next`.
        shape: how its rows are shown: `bars`, `distribution`, or `over time`.
        ask: the path and query of the question, to which filters can be added.
    """

    product: str
    event: str
    property: str
    kind: str
    unit: str
    meaning: str
    page: str
    shape: str
    ask: str


def default_questions(catalogues: Mapping[str, Catalogue]) -> tuple[PropertyQuestion, ...]:
    """Those of all products: words and booleans as bars, versions as shares over time, numbers in both forms.

    The forms of a number are its distribution, and its median over time. An event without properties has its number.
    """
    return tuple(
        question
        for product, catalogue in sorted(catalogues.items())
        for event in catalogue.events.values()
        for question in _of_event(product, event)
    )


def _of_event(product: str, event: EventType) -> Iterator[PropertyQuestion]:
    shown = {name: property_ for name, property_ in event.properties.items() if property_.retired is None}
    for name, property_ in shown.items():
        yield from _of_property(product, event.name, name, property_)
    if not shown:
        query = urlencode({"product": product, "event": event.name, "measure": EVENTS, "step": DAY_STEP})
        meaning = event.meaning
        yield PropertyQuestion(product, event.name, "", "", "", meaning, "next", OVER_TIME, f"/api/ask?{query}")


def _of_property(product: str, event: str, name: str, property_: Property) -> Iterator[PropertyQuestion]:
    bars = {"measure": EVENTS, "by": name}
    forms: tuple[tuple[str, dict[str, str]], ...] = ((BARS, bars),)
    if isinstance(property_.kind, Version):
        forms = ((OVER_TIME, {"measure": SHARE, "by": name, "step": DAY_STEP}),)
    elif isinstance(property_.kind, Amount):
        forms = ((DISTRIBUTION, bars), (OVER_TIME, {"measure": "median", "of": name, "step": DAY_STEP}))
    for shape, asked in forms:
        query = urlencode({"product": product, "event": event, **asked})
        kind, unit = property_.kind.label, property_.kind.unit if isinstance(property_.kind, Amount) else ""
        about = (kind, unit, property_.meaning, property_.question)
        yield PropertyQuestion(product, event, name, *about, shape, f"/api/ask?{query}")
