"""A product's own events as plain data and back. The command line reads them from the state directory.

It can't import the server's code. The form is `{event: {"meaning", "properties": {name: {…}}}}`; a property has the
fields of `Property`, and its `kind` is the kind's label and fields.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from .kinds import KINDS, Kind
from .schema import Event, EventType, Property

_KINDS: dict[str, type[Any]] = {kind.label: kind for kind in KINDS}


def to_plain_data(events: Iterable[EventType]) -> dict[str, Any]:
    """Events as plain data, which stays the same when it is written as JSON and read back."""
    data: dict[str, Any] = msgspec.to_builtins(
        {
            event.name: {
                "meaning": event.meaning,
                "properties": {
                    name: {
                        **msgspec.structs.asdict(property_),
                        "kind": {"label": property_.kind.label, **msgspec.structs.asdict(property_.kind)},
                    }
                    for name, property_ in event.properties.items()
                },
            }
            for event in events
        }
    )
    return data


def from_plain_data(data: object) -> dict[str, EventType]:
    """The events in the data, by name. An event that does not have the form of `to_plain_data` is left out."""
    events = {}
    for name, event in data.items() if isinstance(data, dict) else ():
        try:
            properties = {str(key): _property(value) for key, value in event["properties"].items()}
            events[str(name)] = EventType(str(name), str(event["meaning"]), Event, properties)
        except (KeyError, TypeError, AttributeError, ValueError):
            continue
    return events


def _property(data: dict[str, Any]) -> Property:
    fields = set(Property.__struct_fields__) - {"kind"}
    return Property(kind=_kind(data["kind"]), **{key: value for key, value in data.items() if key in fields})


def _kind(data: dict[str, Any]) -> Kind:
    kind_class = _KINDS[data["label"]]
    # An earlier release may have written the data without a field that has a default now.
    fields = {name: data[name] for name in kind_class.__struct_fields__ if name in data}
    kind: Kind = kind_class(
        **{name: _tuples_of_text(value) if type(value) is list else value for name, value in fields.items()}
    )
    return kind


def _tuples_of_text(value: object) -> Any:
    """The tuples of words that JSON turned into lists."""
    return tuple(map(_tuples_of_text, value)) if isinstance(value, list) else str(value)
