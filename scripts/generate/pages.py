"""Pages made from the templates and the catalogue."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from footfall.catalogue import (
    AI_PROVIDER_VARIABLES,
    OTHER,
    QUESTIONS,
    WIRE_CONSTANTS,
    Amount,
    Catalogue,
    Identifier,
    Kind,
    Property,
    ToolName,
    Version,
    Vocabulary,
)
from footfall.send.packer import MAX_EVENT_AGE_SECONDS
from footfall.send.sent_log import SENT_LOG_SECONDS
from footfall.send.shipper import BATCH_EVENTS
from footfall.settings import Product, Settings
from footfall.spool.segments import SPOOL_BYTES
from footfall_collector.runtime import Settings as CollectorSettings

from .marked import cell

NEVER_COLLECTED = (
    "queries, prompts or intents, and the arguments and results of tools",
    "names of clusters, namespaces or resources, and what the resources hold",
    "keys, tokens or credentials (the client checks whether a variable is set, and never reads its value)",
    "IP addresses or location",
    "error messages or stack traces",
    "names, e-mail addresses, host names, paths, or any other personal data",
)


def _limits(product: Product) -> dict[str, int]:
    """The numbers that the pages name, from the code that keeps to them."""
    return {
        "log_days": SENT_LOG_SECONDS // 86_400,
        "spool_days": MAX_EVENT_AGE_SECONDS // 86_400,
        "spool_mib": SPOOL_BYTES >> 20,
        "batch": BATCH_EVENTS,
        "grace_minutes": round(Settings.read(product, {}).grace_seconds / 60),
        "retention_days": CollectorSettings.retention_days,
    }


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
        never=NEVER_COLLECTED,
        constants=WIRE_CONSTANTS,
        limits=_limits(product),
        vocabularies=_vocabularies(catalogue),
        providers=AI_PROVIDER_VARIABLES,
        **more,
    )


def kind_in_words(kind: Kind) -> str:
    """What values a kind admits, in a phrase."""
    match kind:
        case Vocabulary(name, words):
            return f"one of [{len({*words, OTHER})} words](#{name}-words)"
        case ToolName():
            return "a registered tool's name, else `other`"
        case Identifier():
            return "code identifier of at most 64 characters, else `other`"
        case Version():
            return "at most three numeric parts and an alpha, beta, rc or dev tag, else `other`"
        case Amount(unit):
            return f"number of {unit} from 0 to {kind.schema()['maximum']:,}, two significant digits"
        case _:
            return "true or false"


def _vocabularies(catalogue: Catalogue) -> dict[str, Vocabulary]:
    properties: list[Property] = [p for event in catalogue.events.values() for p in event.properties.values()]
    kinds = [p.kind for p in (*properties, *catalogue.common.values())]
    return {k.name: k for k in kinds if isinstance(k, Vocabulary)}
