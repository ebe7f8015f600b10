"""Loads a product's own events from a Python file or an importable module, for commands and for the collector."""

import importlib
import importlib.util
import os
import re
import sys
import traceback
from types import ModuleType

from .schema import Event

_MODULE_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


class CatalogueError(ValueError):
    """A catalogue can't be used. The message says which, where in it, what is wrong and what to do."""


def is_module_name(source: str) -> bool:
    """Whether a catalogue is named by a module (`shop.events`) and not by the path of a file (`events.py`)."""
    return bool(_MODULE_NAME.fullmatch(source)) and not source.endswith(".py") and not os.path.isfile(source)


def load_events(source: str, product: str, *, directory: str | None = None) -> tuple[type[Event], ...]:
    """The `EVENTS` of a product's catalogue, which is executed. Whether they fit together, `catalogue_for` checks.

    Args:
        source: the path of a Python file, or the dotted name of an importable module.
        product: the product's name, for messages.
        directory: is searched first for a module; by default only installed modules are.

    Raises:
        CatalogueError: the file or module is missing, fails, or has no `EVENTS`.
    """
    module = _import(source, product, directory) if is_module_name(source) else _run(source, product)
    events = getattr(module, "EVENTS", None)
    if not isinstance(events, tuple) or not all(isinstance(e, type) and issubclass(e, Event) for e in events):
        raise CatalogueError(
            f"{source}: write `EVENTS = (MyEvent, …)`, a tuple of subclasses of footfall.catalogue.Event"
        )
    return events


def _run(path: str, product: str) -> ModuleType:
    name = f"footfall_catalogue_{product.replace('-', '_')}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not os.path.isfile(path):
        raise CatalogueError(
            f"{path}: the catalogue of {product} must be a Python file (`.py`) that exists, or an importable module"
        )
    module = importlib.util.module_from_spec(spec)
    # Annotations are resolved by the module's name, so it must be registered before the file runs.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the product's code may raise anything
        raise _failure(path, product, error, os.path.abspath(path)) from None
    return module


def _import(name: str, product: str, directory: str | None) -> ModuleType:
    path = sys.path.copy()
    if directory is not None:
        sys.path.insert(0, directory)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise CatalogueError(
                f"{name}: the catalogue of {product} is no importable module: {error.name} is not installed for "
                f"{sys.executable or 'this Python'}; install it, or name the file, such as {name.replace('.', '/')}.py"
            ) from None
        raise _failure(name, product, error, "") from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the product's code may raise anything
        raise _failure(name, product, error, "") from None
    finally:
        sys.path[:] = path


def _failure(source: str, product: str, error: BaseException, path: str) -> CatalogueError:
    """The error with the line of the catalogue that raised it, where that is known."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if path and frame.filename == path]
    if isinstance(error, SyntaxError) and error.filename == path:
        lines = [error.lineno]
    place = f"{source}, line {lines[-1]}" if lines and lines[-1] else source
    said = str(error.msg if isinstance(error, SyntaxError) else error)
    if isinstance(error, ImportError) and said.startswith("attempted relative import"):
        said += "; name it as a module of its package, such as post.events"
    return CatalogueError(f"{place}: the catalogue of {product} fails to load: {type(error).__name__}: {said}")
