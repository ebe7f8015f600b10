"""`footfall init`: begins a product's catalogue, with a test that fails when the catalogue changes."""

import argparse
import contextlib
import os
from string import Template

from ..settings import Product
from ..settings.notice import footfall_command
from .product_choice import print_json

_CATALOGUE = Template('''\
"""The events of $product. The five that Footfall records by itself are not listed here.

$product's servers and its collector read this file, and `footfall guide` makes the guide for users from it. Nothing can
be sent that is not declared here, and there is no kind for free text. Replace the example by your own events.
"""

from typing import Annotated

from footfall.catalogue import Amount, Event, Flag, Property, Version, Vocabulary


class ReportMade(Event, frozen=True, tag="report_made"):
    meaning = "A report was made."

    report_format: Annotated[
        str,
        Property(
            Vocabulary("report_format", ("pdf", "html", "csv")),  # any other text becomes `other`
            meaning="The report's format",
            purpose="Know which formats are worth their upkeep",
            question="tools",
        ),
    ]
    pages: Annotated[
        float,
        Property(
            Amount("pages", 10_000),  # 1234 becomes 1200, and 20000 becomes 10000
            meaning="How long the report is",
            purpose="Find out for which sizes to optimise",
            question="tools",
        ),
    ]
    scheduled: Annotated[
        bool,
        Property(
            Flag(),
            meaning="Whether nobody waited for the report",
            purpose="See what is automated",
            question="next",
            required=False,  # an event without it is recorded too
        ),
    ] = False
    template_version: (
        Annotated[
            str,
            Property(
                Version(),  # three numbers at most: v2.1.0-acme.7 becomes 2.1.0
                meaning="The version of the report's template",
                purpose="Retire old templates",
                question="next",
                required=False,
            ),
        ]
        | None
    ) = None


EVENTS = (ReportMade,)
''')

_TEST = Template('''\
"""What $product's events let through. Change a word, a limit or a property of the catalogue, and a test fails."""

from footfall import Product
from footfall.testing import capture

from $module import EVENTS, ReportMade

PRODUCT = Product("$product", version="1.0.0", catalogue=EVENTS)


def test_an_event_is_recorded_within_its_limits() -> None:
    with capture(PRODUCT) as telemetry:
        telemetry.record(ReportMade(report_format="pdf", pages=1234, template_version="v2.1.0-acme.7"))
        telemetry.record(ReportMade(report_format="pdf", pages=20_000, scheduled=True))
    assert telemetry.named("report_made") == [
        {"report_format": "pdf", "pages": 1200, "scheduled": False, "template_version": "2.1.0"},
        {"report_format": "pdf", "pages": 10_000, "scheduled": True},
    ]


def test_a_text_that_is_not_in_the_catalogue_is_not_sent() -> None:
    with capture(PRODUCT) as telemetry:
        telemetry.record(ReportMade(report_format="Q3 results of ACME", pages=1))
    assert telemetry.named("report_made") == [{"report_format": "other", "pages": 1, "scheduled": False}]


def test_an_event_without_a_required_value_is_dropped() -> None:
    with capture(PRODUCT) as telemetry:
        telemetry.record(ReportMade(report_format="pdf", pages=-1))
    assert telemetry.events == []
    assert telemetry.dropped == {"invalid": 1}


def test_the_catalogue_has_these_events() -> None:
    properties = {event.__struct_config__.tag: event.__struct_fields__ for event in EVENTS}
    assert properties == {"report_made": ("report_format", "pages", "scheduled", "template_version")}
''')

_NEXT = Template("""\
Next:
  1. Write your events into $catalogue, and run its test:
       pip install footfall pytest
       python -m pytest $test
  2. Record them in your server:
       from footfall import Product, Telemetry
       from $module import EVENTS, ReportMade
       telemetry = Telemetry(Product("$product", version="1.0.0", write_key="phc_$underscored", catalogue=EVENTS))
       telemetry.record(ReportMade(report_format="pdf", pages=12))
  3. Tell your users what is sent:
       $command guide --product $product --catalogue $catalogue --output TELEMETRY.md
  4. Name the file in the collector's footfall.toml, and add the key:
       [products.$product]
       catalogue = "$name.py"
       footfall-collector keys add --product $product phc_$underscored""")


def init(arguments: argparse.Namespace) -> int:
    """Write the catalogue and its test into a directory, and print what to do next."""
    try:
        product = Product(arguments.product)
    except ValueError as error:
        raise SystemExit(f"footfall: {error}") from None
    underscored = product.name.replace("-", "_")
    module = f"{underscored}_events"
    words = {"product": product.name, "module": module, "underscored": underscored, "name": module}
    texts = {
        os.path.normpath(os.path.join(arguments.directory, f"{module}.py")): _CATALOGUE.substitute(words),
        os.path.normpath(os.path.join(arguments.directory, f"test_{module}.py")): _TEST.substitute(words),
    }
    os.makedirs(arguments.directory, exist_ok=True)
    _write_new(texts)
    if arguments.json:
        return print_json({"product": product.name, "files": list(texts)})
    catalogue, test = texts
    print(f"wrote {catalogue}: the events of {product.name}\nwrote {test}: a test that fails when they change\n")
    print(_NEXT.substitute(words, catalogue=catalogue, test=test, command=footfall_command(os.environ)))
    return 0


def _write_new(texts: dict[str, str]) -> None:
    """Write all files, or none. Raises SystemExit where one exists, and OSError."""
    written = []
    try:
        for path, text in texts.items():
            with open(path, "x", encoding="utf-8", newline="\n") as file:
                written.append(path)
                file.write(text)
    except OSError as error:
        for path in written:
            with contextlib.suppress(OSError):
                os.unlink(path)
        if isinstance(error, FileExistsError):
            raise SystemExit(
                f"footfall: {error.filename} exists, and nothing was written: move it away, or name another directory "
                "with --directory"
            ) from None
        raise
