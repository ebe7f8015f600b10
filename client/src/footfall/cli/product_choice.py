"""Shared by the commands: the choice of the product, and printing."""

import argparse
import io
import json
import os
import sys
from typing import Any

from ..runtime import read_json
from ..settings import Product, state_directory
from .status import find_products, read_product


def _state_root() -> str:
    from platformdirs import user_state_dir

    try:
        return user_state_dir("footfall", appauthor=False)
    except RuntimeError:
        return ""  # a user without a home


def local_products() -> list[Product]:
    """The products that have kept state for this user."""
    return find_products(os.environ, _state_root())


def select_product(arguments: argparse.Namespace) -> Product:
    """The product of `--product`, or the only known one. Raises SystemExit, with what to do, if there is none."""
    product = _find_product(arguments)
    if not state_directory(product, os.environ):
        variable = f"{product.prefix}TELEMETRY_STATE_DIR"
        raise SystemExit(f"footfall: this user has no home directory and so no state; set HOME or {variable}")
    return product


def _find_product(arguments: argparse.Namespace) -> Product:
    known = local_products()
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
    return read_product(about, name) if about.get("name") == name else product


def escape_unprintable_characters() -> None:
    """Show a character that the terminal's encoding lacks by its number, where Python would raise an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_json(value: Any) -> int:
    """Print a value as JSON; 0, the exit code of success."""
    print(json.dumps(value, indent=1))
    return 0


def with_noun(number: int, singular: str, plural: str) -> str:
    """A number with its noun: `1 event`, `2 events`."""
    return f"{number} {singular if number == 1 else plural}"
