"""A report as one HTML file: a mail, or a page that prints well. Styles are inline, since mail programs drop others."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from .formatting import dressed, period, sparkline, tile_change, value

_FORMS = {
    "code": '<code style="font-family:ui-monospace,Menlo,Consolas,monospace">{}</code>',
    "strong": "<strong>{}</strong>",
    "bad": '<strong style="color:#c0262d">{}</strong>',
    "good": '<strong style="color:#137a4b">{}</strong>',
    "text": "{}",
}


def render(report: dict[str, Any]) -> str:
    """The whole file."""
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(
        sentence=_sentence, value=value, change=tile_change, sparkline=sparkline, number=_is_number
    )
    title = f"{report['product']}, {period(report['start'], report['end'])}"
    return templates.get_template("report.html").render(report=report, title=title) + "\n"


def _sentence(text: str) -> Markup:
    # Every part is escaped before it gets its form.
    return Markup(dressed(text, lambda kind, words: _FORMS[kind].format(escape(words))))  # noqa: S704 - see above


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float)
