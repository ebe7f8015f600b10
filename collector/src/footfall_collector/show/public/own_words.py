"""A product's own words: the properties of its own catalogue that are published beside the built-in ones.

Only words of a closed list, which stand in the catalogue. An instance counts once for each property, under the value
that it had on most days, as for the built-in ones: so nobody adds to a group more instances than he has.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from footfall.catalogue import OTHER, Catalogue, Property, Vocabulary, catalogue_for

MAX_OWN_WORDS = 12
"""Properties that are published, the first of the catalogue: each tells a little more of an instance."""


class OwnWord(NamedTuple):
    """A property of an event that the product declares."""

    event: str
    name: str
    declared: Property

    @property
    def dimension(self) -> str:
        """How it is named in the dataset: a built-in property has no dot."""
        return f"{self.event}.{self.name}"

    @property
    def words(self) -> frozenset[str]:
        return frozenset(getattr(self.declared.kind, "words", ())) - {OTHER}


def own_words(catalogue: Catalogue) -> list[OwnWord]:
    """Those of a product, in the order of its catalogue; retired ones and everything that is no word are left out."""
    built_in = catalogue_for("footfall").events
    return [
        OwnWord(event.name, name, property_)
        for event in catalogue.events.values()
        for name, property_ in event.properties.items()
        if isinstance(property_.kind, Vocabulary)
        and not property_.retired
        and (event.name not in built_in or name not in built_in[event.name].properties)
    ][:MAX_OWN_WORDS]


def group_sizes(rows: Iterable[tuple[int, str, int]]) -> Mapping[str | None, int]:
    """Value → instances, from (instance, value, days): each under the value of most days, the first of several by name.

    Days on which an event did not carry the property count too; then the value is None.
    """
    best: dict[int, tuple[int, str]] = {}
    for instance, value, days in rows:
        best[instance] = min(best.get(instance, (0, "")), (-days, value))
    return Counter(value or None for _, value in best.values())
