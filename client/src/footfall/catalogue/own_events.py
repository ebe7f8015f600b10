"""What a product's own events may be called: a name stands for one thing in all events, here and in the collector."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .extra_properties import EXTENDED_EVENTS

if TYPE_CHECKING:
    from .schema import Event, EventType, Property

ENVELOPE = frozenset(
    {
        "product",
        "uuid",
        "event",
        "ts",
        "sent",
        "day",
        "instance",
        "instance_kind",
        "product_version",
        "day_late",
        "day_over_budget",
        "load",
        "c",
    }
)
"""Names in the envelope of every stored event; no property may have them."""

SQL_WORDS = frozenset(
    """
    all analyse analyze and anti any array as asc asof asymmetric at authorization binary both by case cast check
    collate collation column concurrently constraint create cross default deferrable desc describe distinct else end
    except false fetch for foreign freeze from full glob grant group having ilike in initially inner intersect into
    is isnull join lambda lateral leading left like limit natural not notnull null offset on only or order outer
    overlaps pivot pivot_longer pivot_wider placing positional primary qualify references returning right select
    semi show similar some summarize symmetric table tablesample then to trailing true union unique unpack unpivot
    using variadic verbose when where window with
    """.split()  # noqa: SIM905 - a list would be a hundred lines
)
"""Words that can't be the name of a column."""

MAX_EVENT_NAME = 200
"""In characters; questions admit no longer name."""


def check_own_event(
    event: "EventType",
    events: dict[str, "EventType"],
    common: dict[str, "Property"],
    standard: "Iterable[type[Event]]" = (),
) -> None:
    """Raises TypeError where a product's own event takes the name of another event, or of a property of another type.

    Nobody could ask about an event without a name, or with one that no query can have.

    A redefined `standard` event is refused, under its own name or as a subclass: Footfall records the standard one.
    """
    name, earlier = event.struct.__name__, events.get(event.name)
    if not (event.name.strip() and event.name.isprintable() and len(event.name) <= MAX_EVENT_NAME):
        raise TypeError(f"the tag of {name} is not 1 to {MAX_EVENT_NAME} printable characters: choose another tag")
    for built_in in standard:
        tag = built_in.__struct_config__.tag
        if built_in is not event.struct and (event.name == tag or issubclass(event.struct, built_in)):
            advice = ", or subclass ExtraProperties to add properties to it" if tag in EXTENDED_EVENTS else ""
            if event.name == tag:
                raise TypeError(f"{name} is named `{tag}`, as {built_in.__name__} is: choose another tag{advice}")
            raise TypeError(f"{name} extends {built_in.__name__}: subclass Event{advice}")
    if earlier is not None and earlier.struct is not event.struct:
        raise TypeError(f"{name} is named `{event.name}`, as {earlier.struct.__name__} is: choose another tag")
    check_properties(event.name, event.properties, events, common)


def check_properties(
    event: str, properties: dict[str, "Property"], events: dict[str, "EventType"], common: dict[str, "Property"]
) -> None:
    """Raises TypeError where a property of an event takes a reserved name, or that of a property of another type.

    A property is one column, whichever event carries it; column names are the same in upper and lower case.
    """
    columns = {
        name.lower(): (each.name, name, _type_of(p)) for each in events.values() for name, p in each.properties.items()
    }
    for name, property_ in properties.items():
        if name.lower() in ENVELOPE or name.lower() in common:
            raise TypeError(f"`{event}` may not call a property `{name}`: the name is taken by every event")
        if name.lower() in SQL_WORDS:
            raise TypeError(f"`{event}` may not call a property `{name}`: SQL uses that word; choose another name")
        other, spelled, type_ = columns.get(name.lower(), (event, name, _type_of(property_)))
        if type_ != _type_of(property_):
            raise TypeError(
                f"property `{name}` is a {_type_of(property_)} in `{event}` and a {type_} in `{other}`: "
                "give one of them another name"
            )
        if spelled != name:
            raise TypeError(f"property `{name}` of `{event}` is `{spelled}` in `{other}`: write both the same")


def _type_of(property_: "Property") -> str:
    return str(property_.kind.schema()["type"])
