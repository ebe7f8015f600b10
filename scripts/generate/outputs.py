"""Which documents are generated, and the text each should have."""

from pathlib import Path

from bench.results import refreshed
from footfall.catalogue import catalogue_for, to_json_schema
from footfall.cli.guide import collected
from footfall_collector.answer.behaviour import BEHAVIOUR
from footfall_collector.answer.charts import CHARTS
from footfall_collector.answer.filters import DAY_RANGES, HOUR_RANGES
from footfall_collector.show.api import openapi

from .api import api
from .architecture import drawing
from .charts.manifests import manifests
from .charts.values import chart_schema, values_table
from .commands import commands
from .marked import as_json, with_block
from .pages import page
from .privacy.guide import guide
from .privacy.proof import proof
from .privacy.threats import threats
from .sdks import sdk_table
from .servers import servers
from .settings.tables import client_settings, collector_settings
from .settings.toml_reference import reference

PRODUCT = "dot-ai"
"""The product that the documents speak about."""

Documents = dict[str, str]


def documents(root: Path) -> Documents:
    """Path below `root` to the text that belongs there, for every generated document."""
    catalogue = catalogue_for(PRODUCT)
    described = openapi.document((PRODUCT,), (*CHARTS, *BEHAVIOUR))
    made = {
        "docs/telemetry-guide.md": guide(catalogue),
        "docs/events.md": page("events.md", catalogue),
        "docs/settings.md": page(
            "settings.md", catalogue, client=client_settings(PRODUCT), collector=collector_settings()
        ),
        "docs/footfall.toml": reference(PRODUCT),
        "docs/threat-model.md": page("threat-model.md", catalogue, **threats(catalogue)),
        "docs/privacy-proof.md": page("privacy-proof.md", catalogue, **proof()),
        "docs/dictionary.json": as_json(to_json_schema(catalogue)),
        "docs/openapi.json": as_json(described),
        "docs/api.md": page("api.md", catalogue, **api(described)),
        "docs/instrument.md": page("instrument.md", catalogue, **servers(root)),
        "docs/commands.md": page("commands.md", catalogue, programs=commands()),
        "docs/charts.md": page(
            "charts.md", catalogue, charts=CHARTS, behaviour=BEHAVIOUR, ranges=[*HOUR_RANGES, *DAY_RANGES]
        ),
    }
    made["README.md"] = with_block(root / "README.md", "collected", collected(catalogue))
    made["docs/sdks.md"] = with_block(root / "docs/sdks.md", "sdks", sdk_table())
    made["docs/architecture.md"] = with_block(root / "docs/architecture.md", "packages", drawing(root))
    tables = {}
    for values in sorted(root.glob("deploy/helm/*/values.yaml")):
        chart = values.parent.relative_to(root).as_posix()
        text = values.read_text(encoding="utf-8")
        made[f"{chart}/values.schema.json"] = as_json(chart_schema(values.parent.name, text))
        tables[values.parent.name] = values_table(text)
        made[f"{chart}/README.md"] = with_block(values.parent / "README.md", "values", tables[values.parent.name])
    made |= _measured(root)
    made["docs/chart-values.md"] = page("chart-values.md", catalogue, tables=tables)
    return made | manifests(root / "deploy/helm")


def _measured(root: Path) -> Documents:
    """The documents with tables of measurements, as the last measurements have them."""
    results = (root / "bench/RESULTS.md").read_text(encoding="utf-8")
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(root.glob("docs/*.md"))}
    asking = {path: text for path, text in texts.items() if "<!-- generated: bench " in text}
    return {path.relative_to(root).as_posix(): refreshed(text, results) for path, text in asking.items()}


def stale(root: Path, made: Documents) -> list[str]:
    """The documents whose text on disk is not the one they should have, in order."""
    return sorted(path for path, text in made.items() if _on_disk(root / path) != text)


def write(root: Path, made: Documents) -> None:
    """Write the documents, making folders as needed."""
    for path, text in made.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def _on_disk(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
