"""Values that are only known as `other`: how many of which property, since when, and the line that would name them."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby

import msgspec

from footfall.catalogue import EVENTS, Catalogue, Kind, ToolName, Version, Vocabulary, event_type, version_property

from ...answer import Answers
from ...runtime import ProductSettings

_STANDARD_EVENTS = {event_type(event).name for event in EVENTS}
_NO_LINE = "no line: "


class OtherVersion(msgspec.Struct, frozen=True):
    """The values that one version sent.

    Attributes:
        version: of the product; None where it was not given.
        values: how many of its values are `other`.
        since: the first UTC day in the store with such a value.
    """

    version: str | None
    values: int
    since: str


class OtherValue(msgspec.Struct, frozen=True):
    """A property of which some values are only known as `other`.

    Attributes:
        event: None for a property of every event.
        values: how many values are `other`.
        since: the first UTC day in the store with such a value.
        versions: the same by version, the earliest first.
        add: the line that names such values from then on, and where it belongs; stored values stay `other`.
    """

    product: str
    event: str | None
    property: str
    values: int
    since: str
    versions: list[OtherVersion]
    add: str

    def has_line(self) -> bool:
        """Whether `add` is a line, or says why there is none."""
        return not self.add.startswith(_NO_LINE)


class OtherValueList(msgspec.Struct, frozen=True):
    """Every property of every product of which some values are only known as `other`."""

    properties: list[OtherValue]


def other_values(answers: Answers, start: int = 0) -> OtherValueList:
    """Of all products, by name; `start`: epoch seconds. Raises StoreError if the store can't answer."""
    return OtherValueList([each for product in answers.products() for each in _of_product(answers, product, start)])


def _of_product(answers: Answers, product: str, start: int) -> Iterator[OtherValue]:
    catalogue = answers.catalogues[product]
    settings = answers.settings.get(product, ProductSettings())
    counts = answers.other_counts(product, start)
    for (event, name), group in groupby(counts, lambda count: (count.event, count.property)):
        versions = [OtherVersion(each.version or None, each.values, _day(each.since)) for each in group]
        yield OtherValue(
            product,
            event or None,
            name,
            sum(each.values for each in versions),
            min(each.since for each in versions),
            versions,
            line_to_add(catalogue, event, name, settings),
        )


def _day(epoch: int) -> str:
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%d}"


def line_to_add(catalogue: Catalogue, event: str, name: str, settings: ProductSettings) -> str:
    """The line that names the values of a property that are `other`, and where it belongs; NAME stands for a value.

    Args:
        catalogue: of the product.
        event: empty for a property of every event.
        name: of the property; the version is `product_version`.
        settings: the product's in `footfall.toml`.
    """
    product = catalogue.product
    wire = version_property(product) if name == "product_version" else name
    kind = (catalogue.events[event].properties if event else catalogue.common)[wire].kind
    if isinstance(kind, ToolName):
        return _line_for_tools(product, settings.tools)
    if isinstance(kind, Vocabulary) and kind.name == "mcp_client":
        in_product = f'Product("{product}", client_names=("NAME",)) in the product'
        return f"{_setting(product, 'client_names', settings.client_names)}; and {in_product}"
    if isinstance(kind, Vocabulary):
        own = event not in _STANDARD_EVENTS if event else False
        if own or name in catalogue.extra.get(event, {}):
            return f"{_with_word(kind)} in the catalogue of {product}, at both ends"
        return f"{_NO_LINE}the words of `{name}` come with Footfall"
    return _NO_LINE + _reason(kind, name, product)


def _with_word(kind: Vocabulary) -> str:
    """A vocabulary as its catalogue has it, with one more word."""
    parts = [_quoted((kind.name,)), f"({_quoted((*kind.words, 'NAME'))})"]
    if kind.aliases:
        pairs = ", ".join(f"({_quoted(pair)})" for pair in kind.aliases)
        parts.append(f"({pairs}{',' if len(kind.aliases) == 1 else ''})")
    return f"Vocabulary({', '.join(parts)})"


def _quoted(texts: Sequence[str]) -> str:
    """Texts in a line of Python or of `footfall.toml`, which escape them alike."""
    return ", ".join(json.dumps(text, ensure_ascii=False) for text in texts)


def _line_for_tools(product: str, listed: tuple[str, ...]) -> str:
    in_product = 'telemetry.register_tools("NAME") in the product'
    if not listed:
        return f"{in_product}, for a tool that its code names"
    return f"{_setting(product, 'tools', listed)}; and {in_product}, unless its server registers the tool"


def _setting(product: str, setting: str, listed: tuple[str, ...]) -> str:
    return f"{setting} = [{_quoted((*listed, 'NAME'))}] below [products.{product}] in footfall.toml"


def _reason(kind: Kind, name: str, product: str) -> str:
    if isinstance(kind, Version):
        owner = f'; Product("{product}", version=…) gives it' if name == "product_version" else ""
        return f"the text is no version, which begins with a number{owner}"
    return "the text is no identifier, which has letters, digits and _ only"
