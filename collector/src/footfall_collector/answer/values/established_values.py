"""The names that a collector within strangers' reach shows an assistant: listed ones, and those of many instances.

A tool's name is any text with the form of one where the product doesn't list its tools, and a class of errors always
is. Whoever has the public write key can choose them, so a name that few established instances sent is shown as `other`.
"""

from collections.abc import Mapping, Sequence

from footfall.catalogue import Identifier, ToolName

from ...store import EventSelection, Store
from ..questions import EventProperty
from ..value_caps import FOREVER, MAX_VALUES, RELATIONS, KeptValues, ValueCaps

MIN_GROUP = 10
"""Instances of the smallest group whose name is shown to others than the operator."""
_OPEN_COLUMNS = ("tool", "error_type")
"""The columns with names of no closed form or vocabulary."""
_ESTABLISHED = (
    "SELECT {column} FROM {relation} GROUP BY {column} HAVING count(DISTINCT instance) >= {min_group} "
    "ORDER BY count(DISTINCT instance) DESC, {column} LIMIT {limit}"
)


class EstablishedValues(ValueCaps):
    """Which values the charts of a product show. Safe to use from many threads.

    `tools` are the tools that each product lists. Where it lists them, those and the names of established tools are
    shown, and all classes of errors; where it doesn't, only names that `MIN_GROUP` established instances sent.
    """

    def __init__(self, store: Store, tools: Mapping[str, Sequence[str]]) -> None:
        super().__init__(store)
        self._established_store, self._tools = store, tools

    def _read(self, product: str) -> KeptValues:
        values, listed = super()._read(product), tuple(self._tools.get(product, ()))
        columns = [column for column in _OPEN_COLUMNS if column == "tool" or not listed]
        kept = {
            column: ("", *(listed if column == "tool" else ()), *self._names(product, column)) for column in columns
        }
        return KeptValues({**values.kept, **kept}, values.folded)

    def _names(self, product: str, column: str) -> list[str]:
        """The names that enough instances sent, those of most instances first."""
        sql = _ESTABLISHED.format(column=column, relation=RELATIONS[column], min_group=MIN_GROUP, limit=MAX_VALUES)
        rows = self._established_store.query(sql, EventSelection(product, 0, FOREVER, established=True))
        return [str(name) for (name,) in rows if name]


def has_open_words(about: EventProperty) -> bool:
    """Whether senders choose the values of a property, and nothing here withholds those of few instances."""
    return about.name not in _OPEN_COLUMNS and isinstance(about.kind, Identifier | ToolName)
