"""What an event is: a `msgspec.Struct` whose fields each carry a `Property`. Both ends compile their checks from it.

`Catalogue` is the one object that says what a product may say. The client validates with it, the collector admits
with it, and tables, charts and documents are generated from it.
"""

from collections.abc import Callable, Container, Iterable
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from .kinds import Checker, Kind, Value, Vocabulary

Properties = dict[str, Value]
Check = Callable[[Callable[[str], object]], "Properties | None"]
EventCheck = Callable[["Event"], "Properties | None"]


class Property(msgspec.Struct, frozen=True):
    """One property: what it means, why it is collected and which of the four questions it answers.

    `question` is a key of `catalogue.QUESTIONS`; `since` and `retired` are versions of the catalogue.
    """

    kind: Kind
    meaning: str
    purpose: str
    question: str
    since: str = "1.0"
    retired: str | None = None
    required: bool = True


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all events. A subclass gives its wire name as `tag` and annotates every field with a `Property`."""


class EventType(msgspec.Struct, frozen=True):
    """One event of a catalogue, as read from its class: `name` on the wire, `meaning` from the docstring."""

    name: str
    meaning: str
    struct: type[Event]
    properties: dict[str, Property]


def properties_of(struct: type[msgspec.Struct]) -> dict[str, Property]:
    """The `Property` of every field of a struct, in the order of the fields.

    Raises:
        TypeError: a field carries no `Property`, so that it could hold anything.
    """
    found = {}
    for name, hint in get_type_hints(struct, include_extras=True).items():
        property_ = _property_in(hint)
        if property_ is None:
            raise TypeError(
                f"{struct.__name__}.{name} has no footfall Property: write "
                f"`{name}: Annotated[str, Property(kind=…, meaning=…, purpose=…, question=…)]`"
            )
        found[name] = property_
    return found


def _property_in(hint: Any) -> Property | None:
    if get_origin(hint) in (Union, UnionType):
        return next((p for p in map(_property_in, get_args(hint)) if p is not None), None)
    return next((m for m in getattr(hint, "__metadata__", ()) if isinstance(m, Property)), None)


def event_type(struct: type[Event]) -> EventType:
    """What a struct says about its event. Raises TypeError where it says too little."""
    tag = struct.__struct_config__.tag
    if not isinstance(tag, str) or not struct.__doc__:
        raise TypeError(f"{struct.__name__} needs a wire name (`tag=…`) and a docstring that gives its meaning")
    return EventType(tag, struct.__doc__.strip(), struct, properties_of(struct))


class Catalogue:
    """Everything one product may say.

    Attributes:
        product: the product's name, such as `dot-ai`.
        events: wire name to `EventType`, own properties only.
        common: wire name to `Property` of what every event carries besides.
    """

    def __init__(
        self,
        product: str,
        events: Iterable[type[Event]],
        common: dict[str, Property],
        client_names: Iterable[str] = (),
    ) -> None:
        names = tuple(client_names)
        self.product = product
        self.events = {e.name: _with_clients(e, names) for e in map(event_type, events)}
        self.common = dict(common)

    def checks(self, tools: Container[str] | None = None) -> dict[str, Check]:
        """One check per event for its own properties; `tools` are the registered tool names, None where not known."""
        return {name: compile_check(event.properties, tools) for name, event in self.events.items()}

    def event_checks(self, tools: Container[str]) -> dict[str, EventCheck]:
        """The same for events that are given as objects."""
        return {name: compile_event_check(event, tools) for name, event in self.events.items()}

    def common_check(self) -> Check:
        """The check for the properties that every event carries."""
        return compile_check(self.common)


def _with_clients(event: EventType, names: tuple[str, ...]) -> EventType:
    properties = {
        name: msgspec.structs.replace(p, kind=p.kind.extended(names))
        if isinstance(p.kind, Vocabulary) and p.kind.name == "mcp_client"
        else p
        for name, p in event.properties.items()
    }
    return msgspec.structs.replace(event, properties=properties)


def compile_check(properties: dict[str, Property], tools: Container[str] | None = None) -> Check:
    """A function that reads each property through a getter and returns what is admitted of them.

    The getter takes a property's name and returns its value, None where it is absent. The result is None where a
    required property has no admissible value: such an event is dropped whole. Retired properties are not read.
    """
    table: list[tuple[str, Checker, bool]] = [
        (name, p.kind.checker(tools), p.required) for name, p in properties.items() if p.retired is None
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
    """As `compile_check`, for one event's own class: several times as fast as reading attribute by attribute."""
    names = event.struct.__struct_fields__
    kept = {name: p for name, p in event.properties.items() if p.retired is None}
    admits = [kept[name].kind.checker(tools) if name in kept else _nothing for name in names]
    required = frozenset(name for name, p in kept.items() if p.required)
    astuple = msgspec.structs.astuple

    def check(given: Event) -> Properties | None:
        admitted: Properties = {}
        # Flat, because it runs at every record(): unpacking nested tuples costs a third more.
        for name, admit, untrusted in zip(names, admits, astuple(given)):  # noqa: B905 - equally long by construction
            value = admit(untrusted)
            if value is not None:
                admitted[name] = value
            elif name in required:
                return None
        return admitted

    return check


def _nothing(_: object) -> None:
    return None
