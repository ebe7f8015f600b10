"""The command itself."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..operate import ReportError, asked, read
from ..runtime import ControlError, NotRunningError, Settings, ask, lock_data

if TYPE_CHECKING:
    from ..show.report import Report

EXAMPLE = """examples:
  footfall-collector report --data /var/lib/footfall
  footfall-collector report --range 7d --format html --output week.html
  footfall-collector report --url https://footfall.example.org --format markdown"""
RANGES = ("1h", "24h", "7d", "30d", "90d", "365d", "all")
INTERNAL = ("hide", "only", "all")
FORMATS = ("terminal", "markdown", "html")


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The flags of `report`."""
    command.add_argument("--url", help="a running collector's address [the one that uses --data]")
    command.add_argument("--product", help="the product; needed where there are several")
    command.add_argument("--range", choices=RANGES, default="7d", help="days up to now, today included [7d]")
    command.add_argument("--internal", choices=INTERNAL, default="hide", help="events of CI and tests [hide]")
    command.add_argument("--format", choices=FORMATS, default="terminal", help="how it is written [terminal]")
    command.add_argument("--output", metavar="FILE", type=Path, help="write it to a file")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Write the report; 0, or 1 where there is none."""
    query = {"range": options.range, "internal": options.internal}
    if options.product:
        query["product"] = options.product
    try:
        report = _found(options.url, settings, query)
        _write(report, options.format, options.output)
    except ReportError as error:
        sys.stderr.write(f"footfall-collector: {error}\n")
        return 1
    return 0


def _found(url: str | None, settings: Settings, query: dict[str, str]) -> dict[str, Any]:
    from ..store.interface import StoreError

    if url is not None:
        return asked(url, query, settings.sign_in_secret)
    try:
        # Whoever runs on this directory, whatever address it listens on.
        found: dict[str, Any] = ask(settings.data, "report", query)
        return found
    except NotRunningError:
        pass
    except ControlError as error:
        raise ReportError(str(error)) from None
    if settings.data.is_dir():
        # Nobody starts on the files while they are read.
        lock_data(settings.data)
    try:
        return read(settings, query)
    except StoreError as error:
        raise ReportError(str(error)) from None


def _write(fields: dict[str, Any], form: str, output: Path | None) -> None:
    # Late: other commands should not pay for the charts and the templates.
    from ..show.report import Report, html, markdown

    try:
        report = msgspec.convert(fields, Report)
    except msgspec.ValidationError as error:
        raise ReportError(
            f"the report can't be read ({error}): use the version of the collector that made it"
        ) from None
    if form == "terminal":
        _show(report, output)
        return

    text = {"markdown": markdown.render, "html": html.render}[form](report)
    if output is None:
        sys.stdout.write(text)
    else:
        _save(output, text)


def _show(report: "Report", output: Path | None) -> None:
    from rich.console import Console

    from ..show.report import terminal

    if output is None:
        terminal.print_report(report, Console())
        return
    console = Console(width=120, record=True, file=sys.stderr, quiet=True)
    with console.capture():
        terminal.print_report(report, console)
    _save(output, console.export_text())


def _save(output: Path, text: str) -> None:
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        raise ReportError(f"{output} can't be written ({error.strerror}); choose another --output") from None
    sys.stderr.write(f"wrote {output}\n")
