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
    types: dict[str, tuple[str, str]] = {}
    for name, catalogue in catalogues.items():
        for event in catalogue.events.values():
            for key, property_ in event.properties.items():
                type_ = str(property_.kind.schema()["type"])
                other, other_type = types.setdefault(key, (name, type_))
                if other_type != type_:
                    raise SettingsError(
                        f"property `{key}` is a {type_} in {name} and a {other_type} in {other}: rename one of them"
                    )
    return catalogues


def _load(name: str, product: ProductSettings) -> Catalogue:
    try:
        events = () if product.catalogue is None else load_events(str(product.catalogue), name)
        return catalogue_for(name, events=events, client_names=product.client_names)
    except CatalogueError as error:
        raise SettingsError(str(error)) from None
    except TypeError as error:
        raise SettingsError(f"the catalogue of {name}: {error}") from None
