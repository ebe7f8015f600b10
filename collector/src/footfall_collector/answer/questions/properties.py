"""What a product's questions can be about: its events and their properties, from its catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass

from footfall.catalogue import Amount, Catalogue, Flag, Kind, Version, Vocabulary, version_property

from ..filters import FilterError

ALIASES = {"version": "product_version", "provider": "ai_provider"}
"""The filters' names of properties to the properties; a question may use them too."""
VERSION, INTERNAL = "product_version", "is_internal"
ESTABLISHED, NOT_ESTABLISHED = "established", "new"


@dataclass(frozen=True)
class EventProperty:
    """A property as a question names it.

    Attributes:
        name: its column in raw events.
        events: the events that carry it, in the catalogue's order; empty for a property of every event.
        kind: its kind in the catalogue.
    """

    name: str
    events: tuple[str, ...]
    kind: Kind

    @property
    def is_number(self) -> bool:
        return isinstance(self.kind, Amount)

    @property
    def is_flag(self) -> bool:
        return isinstance(self.kind, Flag)

    @property
    def by_parts(self) -> bool:
        """Whether a value selects the values that begin with it: `1.29` selects `1.29.3`.

        A product's own version is compared as a whole, as its filter always was.
        """
        return isinstance(self.kind, Version) and self.name != VERSION

    def carried_by(self, event: str | None) -> bool:
        """Whether each event of that name has it; None stands for events of any name."""
        return self != STANDING_PROPERTY and (not self.events or event in self.events)


STANDING_PROPERTY = EventProperty("standing", (), Vocabulary("standing", (ESTABLISHED, NOT_ESTABLISHED)))
"""Whether an instance is established. No event carries it: it follows from the days on which an instance was seen."""


class QuestionNames:
    """The events and properties of one product. Methods raise FilterError for a name that it doesn't have."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.product = catalogue.product
        self.events = tuple(catalogue.events)
        version = version_property(catalogue.product)
        kinds: dict[str, dict[str, Kind]] = {
            event.name: {name: each.kind for name, each in event.properties.items()}
            for event in catalogue.events.values()
        }
        self._own: Mapping[str, Mapping[str, Kind]] = kinds
        self._extra = catalogue.extra
        self._common = {VERSION if name == version else name: each.kind for name, each in catalogue.common.items()}
        # A product's own property keeps its name, even where a filter has that name.
        own = {name for properties in kinds.values() for name in properties}
        self._aliases = {name: of for name, of in ALIASES.items() if name not in own} | {version: VERSION}

    def event(self, name: str) -> str:
        """The event, as the question names it."""
        if name not in self.events:
            raise FilterError(f"There is no such event; {self.product} has {', '.join(self.events)}.")
        return name

    def properties(self, event: str | None = None) -> list[EventProperty]:
        """The properties of every event, then those of an event's own, or of all events."""
        names = dict.fromkeys(name for each, own in self._own.items() if event in (None, each) for name in own)
        common = [EventProperty(name, (), kind) for name, kind in self._common.items()]
        return common + [self.property_named(name, event) for name in names]

    def without_extra(self, event: str, properties: list[EventProperty]) -> list[EventProperty]:
        """Those of an event's properties that the product did not add to a standard one."""
        return [each for each in properties if each.name not in self._extra.get(event, {})]

    def property_named(self, text: str, event: str | None = None) -> EventProperty:
        """The property that a question means by `name` or `event.name`.

        A plain name is the property of `event`, which the question is about, if that has it; otherwise it is the
        property of all events that have it. `standing` is that of instances, unless the product has such a property.
        """
        name = self._aliases.get(text, text)
        if name in self._common:
            return EventProperty(name, (), self._common[name])
        if event is not None and name in self._own[event]:
            return EventProperty(name, (event,), self._own[event][name])
        owner, _, last = text.rpartition(".")
        if owner in self._own and last in self._own[owner]:
            return EventProperty(last, (owner,), self._own[owner][last])
        carriers = tuple(each for each, own in self._own.items() if name in own)
        if not carriers and text == STANDING_PROPERTY.name:
            return STANDING_PROPERTY
        if not carriers:
            known = ", ".join(each.name for each in self.properties())
            raise FilterError(f"There is no such property; {self.product} has {known}.")
        return EventProperty(name, carriers, self._own[carriers[0]][name])
