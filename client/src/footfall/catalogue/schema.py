"""The form of an event: a `msgspec.Struct` in which every field has a `Property`. Client and collector compile checks.

A `Catalogue` is the complete list of a product's events and properties. The client validates events with it, the
collector admits them with it, and tables, charts and documents are generated from it.
"""

import sys
from collections.abc import Callable, Container, Iterable
from types import UnionType
from typing import Any, ClassVar, Union, get_args, get_origin, get_type_hints

import msgspec

from .extra_properties import check_extra_properties
from .kinds import KINDS, Checker, Kind, Value, Vocabulary
from .own_events import check_own_event, check_properties

FIRST_VERSION = "1.0"
"""The first version of every catalogue."""

Properties = dict[str, Value]
Check = Callable[[Callable[[str], object]], "Properties | None"]
EventCheck = Callable[["Event"], "Properties | None"]


class Property(msgspec.Struct, frozen=True):
    """One property of an event.

    Attributes:
        kind: the set of values it can have.
        meaning: what it says, for the dictionary and the Telemetry Guide.
        purpose: why it is collected.
        question: which of the four questions it answers: `tools`, `errors`, `providers` or `next`.
        since: the version of the catalogue that introduced it.
        retired: the version of the catalogue that retired it; a retired property is no longer sent.
        required: whether `record` drops an event without an admissible value. Events of other releases are kept.
    """

    kind: Kind
    meaning: str
    purpose: str
    question: str
    since: str = FIRST_VERSION
    retired: str | None = None
    required: bool = True


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base class of events. A subclass has its wire name as `tag`, says its `meaning`, and annotates every field.

    The annotation is `Annotated[type, Property(…)]`. There is no kind for free text. `meaning` is an attribute of the
    class body, not a docstring, because `python -OO` removes docstrings.
    """

    meaning: ClassVar[str] = ""


class ExtraProperties(Event, frozen=True):
    """Base class of a product's extra properties of a standard event: `tool_executed` or `client_connected`.

    A subclass has that event's name as `tag` and up to eight properties, written as those of an `Event`. It stands in
    the product's catalogue next to its own events. `instrument(…, properties=…)` fills the properties; none is
    required, so an event is never dropped for one.
    """


class EventType(msgspec.Struct, frozen=True):
    """One event of a catalogue, read from its class: `name` on the wire, and `meaning` for the dictionary."""

    name: str
    meaning: str
    struct: type[Event]
    properties: dict[str, Property]


def properties_of(struct: type[msgspec.Struct]) -> dict[str, Property]:
    """The `Property` of every field of a struct, in the order of the fields.

    Raises:
        TypeError: a field has no `Property`, or one of a kind that is not in `KINDS`, so that it could hold any value.
    """
    properties = {}
    hints = get_type_hints(struct, include_extras=True)
    for name in struct.__struct_fields__:
        property_ = _property_in(hints[name])
        if property_ is None:
            raise TypeError(
                f"{struct.__name__}.{name} has no footfall Property: write "
                f"`{name}: Annotated[str, Property(kind=…, meaning=…, purpose=…, question=…)]`"
            )
        # `in` would ask the class whether it equals one of them.
        if not any(type(property_.kind) is kind for kind in KINDS):
            raise TypeError(
                f"{struct.__name__}.{name} has the kind {type(property_.kind).__name__}, not one of footfall's: "
                f"{', '.join(kind.__name__ for kind in KINDS)}. A subclass of these could admit any text"
            )
        properties[name] = property_
    return properties


def _property_in(hint: Any) -> Property | None:
    if get_origin(hint) in (Union, UnionType):
        return next((p for p in map(_property_in, get_args(hint)) if p is not None), None)
    return next((m for m in getattr(hint, "__metadata__", ()) if type(m) is Property), None)


def event_type(struct: type[Event]) -> EventType:
    """The `EventType` of a struct. Raises TypeError if the struct has no tag, meaning or `Property`."""
    tag = struct.__struct_config__.tag
    meaning = _meaning_of(struct)
    if not isinstance(tag, str) or not meaning:
        raise TypeError(f'{struct.__name__} needs a wire name (`tag="…"`) and its meaning (`meaning = "…"`)')
    return EventType(tag, meaning, struct, properties_of(struct))


def _meaning_of(struct: type[Event]) -> str:
    """What the class body says, or its docstring; where `python -OO` removed that, the wire name stands for it."""
    # An event that extends another one has a meaning of its own, so an inherited one does not count. Where the event
    # has a property of this name, the attribute is a descriptor.
    own = vars(struct).get("meaning")
    if isinstance(own, str) and own.strip():
        return own.strip()
    removed = str(struct.__struct_config__.tag or "") if sys.flags.optimize > 1 else ""
    return (struct.__doc__ or "").strip() or removed


class Catalogue:
    """All events and properties of one product.

    Attributes:
        product: the product's name, such as `dot-ai`.
        events: wire name → `EventType`, without the common properties.
        common: wire name → `Property`, for the properties that every event carries.
        extra: wire name of a standard event → the properties that the product adds to it; they are in `events` too.

    Raises TypeError where an event of `own`, the product's, takes the name of another event or of a property.
    """

    def __init__(
        self,
        product: str,
        events: Iterable[type[Event]],
        common: dict[str, Property],
        client_names: Iterable[str] = (),
        own: Iterable[type[Event]] = (),
    ) -> None:
        names = tuple(client_names)
        self.product = product
        self.common = dict(common)
        self.events = {e.name: e for e in map(event_type, events)}
        self._built_in = {event.name: event.struct for event in self.events.values()}
        extended: dict[str, set[str]] = {}
        for struct in own:
            if issubclass(struct, ExtraProperties):
                self._add_properties(struct, extended)
            else:
                event = event_type(struct)
                check_own_event(event, self.events, self.common, self._built_in.values())
                self.events[event.name] = event
        self.events = {name: _add_client_names(event, names) for name, event in self.events.items()}
        self.extra = {
            event: {name: p for name, p in self.events[event].properties.items() if name in added}
            for event, added in extended.items()
        }

    def extra_events(self) -> Iterable[EventType]:
        """The standard events to which the product adds properties, each with these alone."""
        for name, properties in self.extra.items():
            yield msgspec.structs.replace(self.events[name], properties=properties)

    def _add_properties(self, struct: type[ExtraProperties], extended: dict[str, set[str]]) -> None:
        """Add a product's extra properties to their standard event, and their names to `extended`."""
        tag = struct.__struct_config__.tag
        added = {name: msgspec.structs.replace(p, required=False) for name, p in properties_of(struct).items()}
        check_extra_properties(struct.__name__, tag, added, self.events, set(extended))
        event = self.events[str(tag)]
        check_properties(event.name, added, self.events, self.common)
        self.events[event.name] = msgspec.structs.replace(event, properties={**event.properties, **added})
        extended[event.name] = set(added)

    @property
    def own_events(self) -> tuple[EventType, ...]:
        """The product's own events: those that not every product has."""
        return tuple(event for name, event in self.events.items() if name not in self._built_in)

    def indispensable(self, event: str) -> frozenset[str]:
        """The properties without which an event of any release is refused; any other is left out of it.

        A release that is older or newer may know other properties. So only those of the built-in events count that
        were there from the beginning, which the charts rely on.
        """
        properties = self.events[event].properties if event in self._built_in else {}
        return frozenset(name for name, p in properties.items() if p.required and p.since == FIRST_VERSION)

    def checks(self, tools: Container[str] | None = None) -> dict[str, Check]:
        """One check per event of any release, without the common properties.

        `tools` are the registered names, None if not known.
        """
        return {
            name: compile_check(event.properties, tools, self.indispensable(name))
            for name, event in self.events.items()
        }

    def event_checks(self, tools: Container[str]) -> dict[str, EventCheck]:
        """One check per event class, for events that are objects of it."""
        return {name: compile_event_check(event, tools) for name, event in self.events.items()}

    def common_check(self) -> Check:
        """The check of the properties that every event carries."""
        return compile_check(self.common)


def _add_client_names(event: EventType, names: tuple[str, ...]) -> EventType:
    properties = {
        name: msgspec.structs.replace(p, kind=p.kind.extended(names))
        if isinstance(p.kind, Vocabulary) and p.kind.name == "mcp_client"
        else p
        for name, p in event.properties.items()
    }
    return msgspec.structs.replace(event, properties=properties)


def compile_check(
    properties: dict[str, Property], tools: Container[str] | None = None, required: Container[str] = ()
) -> Check:
    """A function that reads each property through a getter and returns the admitted values by name.

    The getter takes a property's name and returns its value, or None if it is absent. The result is None if a
    `required` property has no admissible value; the whole event is then dropped. Retired properties are not read.
    """
    table: list[tuple[str, Checker, bool]] = [
        (name, p.kind.checker(tools), name in required) for name, p in properties.items() if p.retired is None
    ]

    def check(get: Callable[[str], object]) -> Properties | None:
        admitted: Properties = {}
        for name, admit, required in table:
            value = admit(get(name))
            if value is not None:
                admitted[name] = value
            elif required:
                return None
        return admitted

    return check


def compile_event_check(event: EventType, tools: Container[str]) -> EventCheck:
    """As `compile_check`, for objects of one event class: several times as fast as a getter for each attribute."""
    names = event.struct.__struct_fields__
    current = {name: p for name, p in event.properties.items() if p.retired is None}
    admits = [current[name].kind.checker(tools) if name in current else _admit_none for name in names]
    required = frozenset(name for name, p in current.items() if p.required)
    astuple = msgspec.structs.astuple

    def check(recorded: Event) -> Properties | None:
        admitted: Properties = {}
        # Flat, because every record() runs it: unpacking nested tuples costs a third more.
        for name, admit, untrusted in zip(names, admits, astuple(recorded)):  # noqa: B905 - equally long by construction
            value = admit(untrusted)
            if value is not None:
                admitted[name] = value
            elif name in required:
                return None
        return admitted

    return check


def _admit_none(_: object) -> None:
    return None
