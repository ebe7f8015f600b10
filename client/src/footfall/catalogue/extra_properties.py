"""Properties that a product adds to a standard event: which events can have them, how many, and under which names."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .schema import EventType, Property

EXTENDED_EVENTS = ("tool_executed", "client_connected")
"""The standard events that can have extra properties."""
MAX_EXTRA_PROPERTIES = 8
"""Of one event, without retired ones."""


def check_extra_properties(
    name: str, tag: object, added: "dict[str, Property]", events: "dict[str, EventType]", already: set[str]
) -> None:
    """Raises TypeError where a class adds properties that its event can't have.

    Args:
        name: of the class.
        tag: the wire name of the event that the class extends.
        added: the properties, by wire name.
        events: the events so far, by wire name.
        already: the events that another class has extended.
    """
    if tag not in EXTENDED_EVENTS:
        names = " and ".join(f"`{event}`" for event in EXTENDED_EVENTS)
        raise TypeError(
            f"{name} adds properties to `{tag}`, and only {names} can have extra ones: "
            "choose one of these tags, or record an event of your own"
        )
    if tag in already:
        raise TypeError(f"{name} adds properties to `{tag}`, as another class does: write all of them into one class")
    current = sum(property_.retired is None for property_ in added.values())
    if current > MAX_EXTRA_PROPERTIES:
        raise TypeError(
            f"{name} adds {current} properties to `{tag}`, which can have {MAX_EXTRA_PROPERTIES}: "
            "record an event of your own for the others"
        )
    for property_name in added:
        if property_name in events[tag].properties:
            raise TypeError(f"{name} adds `{property_name}` to `{tag}`, which has it already: choose another name")
