"""The columns of raw events, derived from the products' catalogues.

A property that is added to a catalogue becomes a column at the next start. Columns are never removed: a retired
property keeps what was collected, until retention deletes it.
"""

from collections.abc import Iterable, Mapping

from footfall.catalogue import Amount, Catalogue, Flag, Property, catalogue_for, version_property

from .interface import StoreError

FIXED = {
    "load": "BIGINT",
    "product": "VARCHAR",
    "uuid": "UUID",
    "event": "VARCHAR",
    "ts": "BIGINT",
    "sent": "BIGINT",
    "instance": "UBIGINT",
    "instance_kind": "VARCHAR",
    "product_version": "VARCHAR",
}
"""What every event has. `load` tells which load brought it; `instance` is the journal's 16 hex digits as a number."""

_JOURNAL_TYPES = {"instance": "VARCHAR"}


def columns_of(catalogues: Mapping[str, Catalogue]) -> dict[str, str]:
    """Name to DuckDB type of every column, the fixed ones first.

    Raises:
        StoreError: two products give one name to different types.
    """
    columns = dict(FIXED)
    # The rollups read the five events' columns, whatever the products say.
    for catalogue in (catalogue_for("footfall"), *catalogues.values()):
        for name, property_ in _properties(catalogue):
            type_ = _type_of(property_)
            if columns.setdefault(name, type_) != type_:
                raise StoreError(
                    f"property `{name}` of {catalogue.product} is a {type_}, elsewhere a {columns[name]}: rename it"
                )
    return columns


def journal_columns(columns: Mapping[str, str]) -> dict[str, str]:
    """Name to type of what is read from a journal line."""
    return {name: _JOURNAL_TYPES.get(name, type_) for name, type_ in columns.items() if name != "load"}


def _properties(catalogue: Catalogue) -> Iterable[tuple[str, Property]]:
    own = version_property(catalogue.product)
    for properties in (*(event.properties for event in catalogue.events.values()), catalogue.common):
        for name, property_ in properties.items():
            yield ("product_version" if name == own else name), property_


def _type_of(property_: Property) -> str:
    if isinstance(property_.kind, Flag):
        return "BOOLEAN"
    return "DOUBLE" if isinstance(property_.kind, Amount) else "VARCHAR"
