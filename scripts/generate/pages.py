"""Pages made from the templates and the catalogue."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from footfall.catalogue import AI_PROVIDER_VARIABLES, QUESTIONS, WIRE_CONSTANTS, Catalogue, Property, Vocabulary
from footfall.cli.guide import cell, kind_in_words, limits
from footfall.settings import Product
from footfall_collector.runtime import Settings as CollectorSettings


def page(template: str, catalogue: Catalogue, **more: object) -> str:
    """The page that a template makes of a catalogue."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    product = Product(catalogue.product)
    environment.filters.update(cell=cell, kind=kind_in_words)
    return environment.get_template(f"{template}.j2").render(
        product=product,
        events=catalogue.events,
        common=catalogue.common,
        questions=QUESTIONS,
        constants=WIRE_CONSTANTS,
        limits=limits(product) | {"retention_days": CollectorSettings.retention_days},
        vocabularies=_vocabularies(catalogue),
        providers=AI_PROVIDER_VARIABLES,
        **more,
    )


def _vocabularies(catalogue: Catalogue) -> dict[str, Vocabulary]:
    properties: list[Property] = [p for event in catalogue.events.values() for p in event.properties.values()]
    kinds = [p.kind for p in (*properties, *catalogue.common.values())]
    return {k.name: k for k in kinds if isinstance(k, Vocabulary)}
