"""`footfall dictionary` and `guide`: what a product can send, for tools and for people."""

import argparse
import contextlib
import os
import sys

from ..catalogue import QUESTIONS, Catalogue, catalogue_for, to_json_schema
from ..catalogue.loading import CatalogueError, load_events
from ..settings import DEFAULT_HOST, Product, Settings
from .guide import GUIDE_MARK, telemetry_guide
from .product_choice import local_products, print_json, select_product
from .status import ProductStatus

_MARK_WITHIN = 1000


def dictionary(arguments: argparse.Namespace) -> int:
    """Print every event and property of the product: meaning, kind, purpose and the question it answers."""
    unspecified = arguments.product is None and arguments.catalogue is None and len(local_products()) != 1
    # Without a product to look up, it shows dot-ai's dictionary, which needs no state directory.
    catalogue = catalogue_for("dot-ai") if unspecified else _product_and_catalogue(arguments)[1]
    if arguments.json:
        return print_json(to_json_schema(catalogue))
    events = [(f"{event.name}: {event.meaning}", event.properties) for event in catalogue.events.values()]
    for heading, properties in [*events, ("every event", catalogue.common)]:
        print(heading)
        for wire, property_ in properties.items():
            print(f"  {wire:<20}{property_.kind.label:<17}{property_.meaning}")
            print(f"  {'':<37}{property_.purpose} [{property_.question}]")
    print("\nquestions")
    for key, question in QUESTIONS.items():
        print(f"  {key:<11}{question}")
    return 0


def add_guide_options(command: argparse.ArgumentParser) -> None:
    """The options of `guide` besides those that `dictionary` has too."""
    command.add_argument(
        "--client-name",
        action="append",
        default=[],
        metavar="NAME",
        help="a name of Product(client_names=...); repeat it for several (default: those of its last run here)",
    )
    command.add_argument(
        "--host", default="", metavar="URL", help=f"the address of Product(host=...), such as {DEFAULT_HOST}"
    )
    command.add_argument(
        "--retention-days", type=_days, default=0, metavar="DAYS", help="how long the product's host keeps data"
    )
    command.add_argument("--output", metavar="FILE", help="the file to write or refresh (default: print the guide)")


def guide(arguments: argparse.Namespace) -> int:
    """Print or write the product's Telemetry Guide."""
    product, catalogue = _product_and_catalogue(arguments)
    host = _host(arguments.host)
    text = telemetry_guide(product, catalogue, host=host, retention_days=arguments.retention_days)
    if arguments.output is None:
        print(text, end="")
        return 0
    _write(arguments.output, text)
    print(f"wrote {arguments.output}")
    return 0


def _product_and_catalogue(arguments: argparse.Namespace) -> tuple[Product, Catalogue]:
    """The product and its catalogue: of `--catalogue`, or else of the product's last run on this machine.

    Raises CatalogueError, and SystemExit where no product is chosen.
    """
    product = select_product(arguments) if arguments.catalogue is None else _named_product(arguments)
    names = tuple(getattr(arguments, "client_name", ())) or product.client_names
    product = Product(product.name, client_names=names)
    try:
        if arguments.catalogue is not None:
            events = load_events(arguments.catalogue, product.name, directory=os.getcwd())
            return product, catalogue_for(product.name, events=events, client_names=names)
    except TypeError as error:
        raise CatalogueError(f"{arguments.catalogue}: {error}") from None
    known = ProductStatus(product, os.environ)
    if not known.about and product.name != "dot-ai":
        print(
            f"footfall: note: {known.not_run_yet} and --catalogue names none, so these are the five events alone",
            file=sys.stderr,
        )
    return product, known.catalogue()


def _named_product(arguments: argparse.Namespace) -> Product:
    """The product whose catalogue is named. It need not have run here."""
    if arguments.product is None:
        raise SystemExit(f"footfall: whose events are in {arguments.catalogue}? Add --product NAME.")
    try:
        return Product(arguments.product)
    except ValueError as error:
        raise SystemExit(f"footfall: {error}") from None


def _host(address: str) -> str:
    """The address as the client would send to it. Raises SystemExit where it could not."""
    if not address.strip():
        return ""
    settings = Settings.read(Product("a", host=address, write_key="phc_key"), {})
    if settings.error:
        raise SystemExit(f"footfall: --host: {settings.error.replace('Product(host=...) ', '')}")
    return settings.host


def _days(text: str) -> int:
    """A number of days of 1 or more. Raises ValueError."""
    days = int(text)
    if days < 1:
        raise ValueError
    return days


def _write(path: str, text: str) -> None:
    """Write a guide, or refresh it. Raises SystemExit where the file exists and is no guide, and OSError."""
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8", errors="replace") as existing:
        if GUIDE_MARK not in existing.read(_MARK_WITHIN):
            raise SystemExit(
                f"footfall: {path} exists and was not written by `footfall guide`: move it away, or name another file"
            )
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
