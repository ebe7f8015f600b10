"""A report in a terminal: rich's tables, with colours where the terminal has them."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from .formatting import dressed, period, sparkline, tile_change, value

_STYLES = {"code": "cyan", "strong": "bold", "bad": "bold red", "good": "bold green"}


def show(report: dict[str, Any], console: Console) -> None:
    """Print it."""
    console.print()
    console.print(Text(f"{report['product']}, {period(report['start'], report['end'])}", style="dim"))
    console.print(_sentence(report["answer"]))
    if not report["empty"]:
        console.print(_tiles(report["tiles"]))
        for section in report["sections"]:
            _section(section, console)
    if hidden := report["hidden_internal"]:
        console.print(Text(f"\n{hidden:,} internal events (CI and tests) are left out.", style="dim"))


def _sentence(text: str) -> Text:
    styled = dressed(text, lambda kind, words: _styled(_STYLES.get(kind, ""), words))
    return Text.from_markup(styled)


def _styled(style: str, words: str) -> str:
    return f"[{style}]{escape(words)}[/]" if style and words else escape(words)


def _tiles(tiles: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 3, 0, 0))
    for tile in tiles:
        better = {"more": 1, "less": -1}[tile["better"]]
        rise = (tile["value"] or 0) - (tile["before"] or 0)
        changed = tile_change(tile)
        style = "" if changed in ("", "same", "new") else "green" if rise * better > 0 else "red"
        table.add_row(
            Text(tile["title"], style="dim"),
            Text(value(tile["value"], tile["unit"]), style="bold", justify="right"),
            Text(changed, style=style, justify="right"),
            Text(sparkline(tile["spark"]), style="blue"),
        )
    return table


def _section(section: dict[str, Any], console: Console) -> None:
    console.print()
    console.rule(Text(section["heading"], style="bold"), align="left")
    console.print(_sentence(section["answer"]))
    for note in section["notes"]:
        console.print(Text("• ").append_text(_sentence(note)))
    for table in section["tables"]:
        console.print()
        console.print(_table(table))


def _table(found: dict[str, Any]) -> Table:
    table = Table(
        title=found["title"],
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        header_style="dim",
        padding=(0, 3, 0, 0),
    )
    for index, column in enumerate(found["columns"]):
        numeric = any(isinstance(row[index], int | float) for row in found["rows"])
        table.add_column(column["name"], justify="right" if numeric else "left")
    for row in found["rows"]:
        cells = zip(row, found["columns"], strict=True)
        table.add_row(*(Text(value(cell, column["unit"])) for cell, column in cells))
    return table
