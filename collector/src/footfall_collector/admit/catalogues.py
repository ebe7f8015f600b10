"""The catalogue of each product. Its own events are in the Python file or module that its `catalogue` setting names."""

from collections.abc import Mapping

from footfall.catalogue import Catalogue, catalogue_for
from footfall.catalogue.loading import CatalogueError, load_events  # by file: servers do not import it

from ..runtime import ProductSettings, SettingsError


def load_catalogues(products: Mapping[str, ProductSettings]) -> dict[str, Catalogue]:
    """By product name.

    Raises:
        SettingsError: a file can't be read or holds no events, or the name of a property can't be stored.
    """
    catalogues = {name: _load(name, product) for name, product in products.items()}
    columns: dict[str, tuple[str, str, str]] = {}
    for name, catalogue in catalogues.items():
        for event in catalogue.events.values():
            for key, property_ in event.properties.items():
                column = (name, key, str(property_.kind.schema()["type"]))
                # Names of columns are the same in upper and lower case.
                _check_same(columns.setdefault(key.lower(), column), column)
    return catalogues


def _check_same(first: tuple[str, str, str], second: tuple[str, str, str]) -> None:
    """Raises SettingsError where two products disagree on a property: each is the product, the name and the type."""
    (other, spelled, other_type), (name, key, type_) = first, second
    if other_type != type_:
        raise SettingsError(
            f"property `{key}` is a {type_} in {name} and a {other_type} in {other}: rename one of them"
        )
    if spelled != key:
        raise SettingsError(
            f"property `{key}` of {name} is `{spelled}` in {other}: write both the same, or rename one of them"
        )


def _load(name: str, product: ProductSettings) -> Catalogue:
    try:
        events = () if product.catalogue is None else load_events(str(product.catalogue), name)
        return catalogue_for(name, events=events, client_names=product.client_names)
    except CatalogueError as error:
        raise SettingsError(str(error)) from None
    except TypeError as error:
        raise SettingsError(f"the catalogue of {name}: {error}") from None
