"""What a product's own events may be called: a name stands for one thing in all events, here and in the collector."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .schema import EventType, Property

ENVELOPE = frozenset(
    {"product", "uuid", "event", "ts", "sent", "instance", "instance_kind", "product_version", "load", "c"}
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


def check_own_event(event: "EventType", events: dict[str, "EventType"], common: dict[str, "Property"]) -> None:
    """Raises TypeError where a product's own event takes the name of another event, or of a property of another type.

    A property is one column, whichever event carries it; column names are the same in upper and lower case.
    """
    earlier = events.get(event.name)
    if earlier is not None and earlier.struct is not event.struct:
        raise TypeError(
            f"{event.struct.__name__} is named `{event.name}`, as {earlier.struct.__name__} is: choose another tag"
        )
    columns = {
        name.lower(): (each.name, name, _type_of(p)) for each in events.values() for name, p in each.properties.items()
    }
    for name, property_ in event.properties.items():
        if name.lower() in ENVELOPE or name.lower() in common:
            raise TypeError(f"`{event.name}` may not call a property `{name}`: the name is taken by every event")
        if name.lower() in SQL_WORDS:
            raise TypeError(f"`{event.name}` may not call a property `{name}`: SQL uses that word; choose another name")
        other, spelled, type_ = columns.get(name.lower(), (event.name, name, _type_of(property_)))
        if type_ != _type_of(property_):
            raise TypeError(
                f"property `{name}` is a {_type_of(property_)} in `{event.name}` and a {type_} in `{other}`: "
                "give one of them another name"
            )
        if spelled != name:
            raise TypeError(f"property `{name}` of `{event.name}` is `{spelled}` in `{other}`: write both the same")


def _type_of(property_: "Property") -> str:
    return str(property_.kind.schema()["type"])
