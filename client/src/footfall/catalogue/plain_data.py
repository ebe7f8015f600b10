"""A product's own events as plain data and back, so that the command line can show and check them without the product.

The command line can't import the code of the server it looks at. `{event: {"meaning", "properties": {name: {…}}}}`,
where a property has its `kind` by label, what that kind is made of, and what `Property` says about it.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from .kinds import Amount, Flag, Identifier, Kind, ToolName, Version, Vocabulary
from .schema import Event, EventType, Property

_KINDS: dict[str, type[Any]] = {kind.label: kind for kind in (Vocabulary, ToolName, Identifier, Version, Flag, Amount)}


def outlined(events: Iterable[EventType]) -> dict[str, Any]:
    """Events as plain data, which is the same again after a way through JSON."""
    outline: dict[str, Any] = msgspec.to_builtins(
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
    return outline


def event_types(outline: object) -> dict[str, EventType]:
    """The events of an outline, by name; what is not as `outlined` makes it is left out."""
    found = {}
    for name, said in outline.items() if isinstance(outline, dict) else ():
        try:
            properties = {str(key): _property(value) for key, value in said["properties"].items()}
            found[str(name)] = EventType(str(name), str(said["meaning"]), Event, properties)
        except (KeyError, TypeError, AttributeError, ValueError):
            continue
    return found


def _property(said: dict[str, Any]) -> Property:
    known = set(Property.__struct_fields__) - {"kind"}
    return Property(kind=_kind(said["kind"]), **{key: value for key, value in said.items() if key in known})


def _kind(said: dict[str, Any]) -> Kind:
    kind = _KINDS[said["label"]]
    given = {name: said[name] for name in kind.__struct_fields__}
    # JSON has no tuples.
    made: Kind = kind(**{key: tuple(map(str, value)) if type(value) is list else value for key, value in given.items()})
    return made
