"""A report as Markdown, for an issue, a wiki or a chat."""

from typing import Any

from .formatting import DASH, dressed, period, sparkline, tile_change, value


def render(report: dict[str, Any]) -> str:
    """The whole text."""
    lines = [f"# {report['product']}, {period(report['start'], report['end'])}", "", _sentence(report["answer"]), ""]
    if not report["empty"]:
        lines += _tiles(report["tiles"])
        for section in report["sections"]:
            lines += _section(section)
    hidden = report["hidden_internal"]
    lines += [f"{hidden:,} internal events (CI and tests) are left out.", ""] if hidden else []
    return "\n".join(lines)


def _sentence(text: str) -> str:
    forms = {"code": "`{}`", "strong": "**{}**", "bad": "**{}**", "good": "**{}**", "text": "{}"}
    return dressed(text, lambda kind, words: forms[kind].format(words))


def _tiles(tiles: list[dict[str, Any]]) -> list[str]:
    rows = [
        [tile["title"], value(tile["value"], tile["unit"]), tile_change(tile) or DASH, sparkline(tile["spark"])]
        for tile in tiles
    ]
    return [*_table(["", "Now", "Change", "Day by day"], [False, True, True, False], rows), ""]


def _section(section: dict[str, Any]) -> list[str]:
    lines = [f"## {section['heading']}", "", _sentence(section["answer"]), ""]
    lines += [f"- {_sentence(note)}" for note in section["notes"]]
    lines += [""] if section["notes"] else []
    for table in section["tables"]:
        columns = table["columns"]
        rows = [
            [value(cell, column["unit"]) for cell, column in zip(row, columns, strict=True)] for row in table["rows"]
        ]
        numeric = [_is_numeric(table["rows"], index) for index in range(len(columns))]
        lines += [f"### {table['title']}", "", *_table([column["name"] for column in columns], numeric, rows), ""]
    return lines


def _is_numeric(rows: list[list[Any]], index: int) -> bool:
    return any(isinstance(row[index], int | float) for row in rows)


def _table(head: list[str], numeric: list[bool], rows: list[list[str]]) -> list[str]:
    rule = ["---:" if right else "---" for right in numeric]
    return [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in (head, rule, *rows)]
