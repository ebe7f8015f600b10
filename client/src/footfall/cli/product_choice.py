"""What the commands have in common: which product is meant, and how an answer is printed for machines."""

import argparse
import json
import os
from typing import Any

from ..runtime import read_json
from ..settings import Product, state_directory
from .status import known_products, product_from


def _base() -> str:
    from platformdirs import user_state_dir

    try:
        return user_state_dir("footfall", appauthor=False)
    except RuntimeError:
        return ""  # a user without a home


def products_here() -> list[Product]:
    """The products that have kept state for this user."""
    return known_products(os.environ, _base())


def meant_product(arguments: argparse.Namespace) -> Product:
    """The product that is meant, with a state directory. Raises SystemExit with what to do where there is none."""
    product = _named_product(arguments)
    if not state_directory(product, os.environ):
        variable = f"{product.prefix}TELEMETRY_STATE_DIR"
        raise SystemExit(f"footfall: this user has no home directory and so no state; set HOME or {variable}")
    return product


def _named_product(arguments: argparse.Namespace) -> Product:
    known = products_here()
    name = arguments.product
    if name is None and len(known) == 1:
        return known[0]
    if name is None:
        names = ", ".join(product.name for product in known)
        hint = f"known here: {names}" if known else "no product has kept state here yet"
        raise SystemExit(f"footfall: which product? Add --product NAME ({hint}).")
    try:
        product = Product(name)
    except ValueError as error:
        raise SystemExit(f"footfall: {error}") from None
    about = read_json(os.path.join(state_directory(product, os.environ), "product.json"))
    return product_from(about, name) if about.get("name") == name else product


def print_json(value: Any) -> int:
    """Print an answer for machines; the exit code of a command that did what it says."""
    print(json.dumps(value, indent=1))
    return 0


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun: `1 event`, `2 events`."""
    return f"{number} {one if number == 1 else many}"
