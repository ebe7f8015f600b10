"""A report as Markdown, for an issue, a wiki or a chat."""

from ..insight import Cell, Tile, code, render_markup
from .contents import Report, ReportSection, annotation_sentences
from .formatting import DASH, format_cell, format_period, format_tile_change, format_tile_title, sparkline

_FORMS = {"code": "`{}`", "strong": "**{}**", "bad": "**{}**", "good": "**{}**", "text": "{}"}


def render(report: Report) -> str:
    lines = [f"# {report.product}, {format_period(report.start, report.end)}", "", _sentence(report.answer), ""]
    if not report.empty:
        lines += _tiles(report.tiles)
        for section in report.sections:
            lines += _section(section)
    if report.annotations:
        lines += ["## What happened", "", *(f"- {_sentence(each)}" for each in annotation_sentences(report)), ""]
    hidden = report.hidden_internal
    lines += [f"{hidden:,} internal events (CI and tests) are left out.", ""] if hidden else []
    return "\n".join(lines)


def _sentence(sentence: str) -> str:
    return render_markup(sentence, _FORMS)


def _tiles(tiles: list[Tile]) -> list[str]:
    rows = [
        [
            format_tile_title(tile),
            format_cell(tile.value, tile.unit),
            format_tile_change(tile) or DASH,
            sparkline(tile.spark),
        ]
        for tile in tiles
    ]
    return [*_table(["", "Now", "Change", "Day by day"], [False, True, True, False], rows), ""]


def _section(section: ReportSection) -> list[str]:
    lines = [f"## {section.heading}", "", _sentence(section.answer), ""]
    lines += [f"- {_sentence(note)}" for note in section.notes]
    lines += [""] if section.notes else []
    for table in section.tables:
        columns = table.columns
        rows = [[_format(cell, column.unit) for cell, column in zip(row, columns, strict=True)] for row in table.rows]
        numeric = [_is_numeric(table.rows, index) for index in range(len(columns))]
        lines += [f"### {table.title}", "", *_table([column.name for column in columns], numeric, rows), ""]
    return lines


def _format(cell: Cell, unit: str) -> str:
    # A name in the text could be a link, a mention or emphasis to the program that shows the report.
    return code(cell) if isinstance(cell, str) and not unit else format_cell(cell, unit)


def _is_numeric(rows: list[list[Cell]], index: int) -> bool:
    return any(isinstance(row[index], int | float) for row in rows)


def _table(head: list[str], numeric: list[bool], rows: list[list[str]]) -> list[str]:
    rule = ["---:" if right else "---" for right in numeric]
    return [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in (head, rule, *rows)]
