"""A report as one HTML file, for a mail or for printing. Styles are inline: mail programs drop all others."""

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ..insight import EN_DASH, Cell, render_markup
from .contents import Report, annotation_sentences
from .formatting import format_cell, format_period, format_tile_change, sparkline

_FORMS = {
    "code": '<code style="font-family:ui-monospace,Menlo,Consolas,monospace">{}</code>',
    "strong": "<strong>{}</strong>",
    "bad": '<strong style="color:#c0262d">{}</strong>',
    "good": '<strong style="color:#137a4b">{}</strong>',
    "text": "{}",
}
_RANGE = re.compile(rf"[^ {EN_DASH}]*\d[^ {EN_DASH}]*{EN_DASH}\d[^ ]*")
"""`36-65 points` with a dash and a space that does not break: it stays on one line."""


def render(report: Report) -> str:
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(
        sentence=_sentence, value=format_cell, change=format_tile_change, sparkline=sparkline, number=_is_number
    )
    title = f"{report.product}, {format_period(report.start, report.end)}"
    return (
        templates.get_template("report.html").render(
            report=report, title=title, annotations=annotation_sentences(report)
        )
        + "\n"
    )


def _sentence(sentence: str) -> Markup:
    # Every part is escaped before it is formatted.
    return Markup(render_markup(sentence, _FORMS, _text))  # noqa: S704 - see above


def _text(text: str) -> str:
    return _RANGE.sub(r'<span style="white-space:nowrap">\g<0></span>', str(escape(text)))


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float)
