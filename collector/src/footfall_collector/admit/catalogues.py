"""The catalogue of each product. Its own events are in the Python file that its `catalogue` setting names."""

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path

from footfall.catalogue import Catalogue, Event, catalogue_for

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
    events = () if product.catalogue is None else _events_in(name, product.catalogue)
    place = f"the catalogue of {name}"
    try:
        catalogue = catalogue_for(name, events=events, client_names=product.client_names)
    except TypeError as error:
        raise SettingsError(f"{place}: {error}") from None
    return catalogue


def _events_in(name: str, path: Path) -> tuple[type[Event], ...]:
    module_name = f"footfall_catalogue_{name.replace('-', '_')}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise SettingsError(f"{path}: the catalogue of {name} must be a Python file (`.py`) that exists")
    module = importlib.util.module_from_spec(spec)
    # Annotations are resolved by the module's name, so it must be registered before the file runs.
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except (SyntaxError, ImportError, NameError, TypeError, ValueError, AttributeError, OSError) as error:
        raise SettingsError(f"{path}: the catalogue of {name} fails to load: {type(error).__name__}: {error}") from None
    events = getattr(module, "EVENTS", None)
    if not isinstance(events, tuple) or not all(isinstance(e, type) and issubclass(e, Event) for e in events):
        raise SettingsError(f"{path}: write `EVENTS = (MyEvent, …)`, a tuple of subclasses of footfall.catalogue.Event")
    return events
