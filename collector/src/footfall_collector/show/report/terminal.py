"""A report in a terminal, as tables of rich; in colours where the terminal supports them."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ..insight import Tile, render_markup
from .contents import Report, ReportSection, annotation_sentences
from .formatting import format_cell, format_period, format_tile_change, format_tile_title, sparkline
from .tables import ReportTable

_FORMS = {
    "code": "[cyan]{}[/]",
    "strong": "[bold]{}[/]",
    "bad": "[bold red]{}[/]",
    "good": "[bold green]{}[/]",
    "text": "{}",
}


def print_report(report: Report, console: Console) -> None:
    console.print()
    console.print(Text(f"{report.product}, {format_period(report.start, report.end)}", style="dim"))
    console.print(_sentence(report.answer))
    if not report.empty:
        console.print(_tiles(report.tiles))
        for section in report.sections:
            _section(section, console)
    if report.annotations:
        console.print()
        console.rule(Text("What happened", style="bold"), align="left")
        for each in annotation_sentences(report):
            console.print(Text("• ").append_text(_sentence(each)))
    if hidden := report.hidden_internal:
        console.print(Text(f"\n{hidden:,} internal events (CI and tests) are left out.", style="dim"))


def _sentence(sentence: str) -> Text:
    return Text.from_markup(render_markup(sentence, _FORMS, escape))


def _tiles(tiles: list[Tile]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 3, 0, 0))
    for tile in tiles:
        better = {"more": 1, "less": -1}[tile.better]
        rise = (tile.compared or 0) - (tile.before or 0)
        change = format_tile_change(tile)
        style = "" if change in ("", "same", "new") else "green" if rise * better > 0 else "red"
        table.add_row(
            Text(format_tile_title(tile), style="dim"),
            Text(format_cell(tile.value, tile.unit), style="bold", justify="right"),
            Text(change, style=style, justify="right"),
            Text(sparkline(tile.spark), style="blue"),
        )
    return table


def _section(section: ReportSection, console: Console) -> None:
    console.print()
    console.rule(Text(section.heading, style="bold"), align="left")
    console.print(_sentence(section.answer))
    for note in section.notes:
        console.print(Text("• ").append_text(_sentence(note)))
    for table in section.tables:
        console.print()
        console.print(_table(table))


def _table(data: ReportTable) -> Table:
    table = Table(
        title=data.title,
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        header_style="dim",
        padding=(0, 3, 0, 0),
    )
    for index, column in enumerate(data.columns):
        numeric = any(isinstance(row[index], int | float) for row in data.rows)
        table.add_column(column.name, justify="right" if numeric else "left")
    for row in data.rows:
        cells = zip(row, data.columns, strict=True)
        table.add_row(*(Text(format_cell(cell, column.unit)) for cell, column in cells))
    return table
