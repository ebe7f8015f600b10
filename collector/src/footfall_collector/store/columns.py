"""The columns of raw events, derived from the products' catalogues.

A property that is added to a catalogue becomes a column at the next start. Columns are never removed: a retired
property keeps its values until retention deletes them.
"""

from collections.abc import Iterable, Mapping

from footfall.catalogue import Amount, Catalogue, Flag, Property, catalogue_for, version_property

from .interface import StoreError

FIXED_COLUMNS = {
    "load": "BIGINT",
    "product": "VARCHAR",
    "uuid": "UUID",
    "event": "VARCHAR",
    "ts": "BIGINT",
    "sent": "BIGINT",
    "instance": "UBIGINT",
    "instance_kind": "VARCHAR",
    "product_version": "VARCHAR",
    "day_late": "BOOLEAN",
    "day_over_budget": "BOOLEAN",
}
"""The columns of every event. `load` is its load's number; `instance` is the journal's 16 hex digits as a number.

`day_late` and `day_over_budget` are true where the event's day doesn't count for its instance's standing.
"""

_JOURNAL_TYPES = {"instance": "VARCHAR"}


def event_columns(catalogues: Mapping[str, Catalogue]) -> dict[str, str]:
    """Name to DuckDB type of every column, the fixed columns first.

    Raises:
        StoreError: two products give one name to different types.
    """
    columns = dict(FIXED_COLUMNS)
    # The roll-ups read the columns of the five built-in events, even if no product's catalogue has them.
    for catalogue in (catalogue_for("footfall"), *catalogues.values()):
        for name, property_ in _properties(catalogue):
            type_ = _column_type(property_)
            if columns.setdefault(name, type_) != type_:
                raise StoreError(
                    f"property `{name}` of {catalogue.product} is a {type_}, elsewhere a {columns[name]}: rename it"
                )
    return columns


def other_spelling(name: str, columns: Iterable[str]) -> str | None:
    """The column that is the same as a missing one but for upper and lower case, which DuckDB does not tell apart."""
    return next((column for column in columns if column.lower() == name.lower() and column != name), None)


def check_spelling(place: object, column: str, present: Iterable[str]) -> None:
    """Raise StoreError if a missing column is kept in another spelling: with it, the store would not open."""
    if spelled := other_spelling(column, present):
        raise StoreError(
            f"{place}: `{column}` is kept as `{spelled}`: write it as before, or give the property another name"
        )


def journal_columns(columns: Mapping[str, str]) -> dict[str, str]:
    """Name to type of the values that a journal line has."""
    return {name: _JOURNAL_TYPES.get(name, type_) for name, type_ in columns.items() if name != "load"}


def _properties(catalogue: Catalogue) -> Iterable[tuple[str, Property]]:
    version_name = version_property(catalogue.product)
    for properties in (*(event.properties for event in catalogue.events.values()), catalogue.common):
        for name, property_ in properties.items():
            yield ("product_version" if name == version_name else name), property_


def _column_type(property_: Property) -> str:
    if isinstance(property_.kind, Flag):
        return "BOOLEAN"
    return "DOUBLE" if isinstance(property_.kind, Amount) else "VARCHAR"
