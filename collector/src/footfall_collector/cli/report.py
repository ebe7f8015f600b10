"""`report`: the four answers of a time range, in a terminal or as a file; `alerts`: what rules found, and a test."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..runtime import AlertEntry, ControlError, NotRunningError, Settings, lock_data, send_command
from .arguments import add_command, add_group, print_error, utf8_text

if TYPE_CHECKING:
    from ..show.report import Report
    from .arguments import Commands

_EXAMPLE = """examples:
  footfall-collector report --data /var/lib/footfall
  footfall-collector report --range 7d --format html --output week.html
  footfall-collector report --url https://footfall.example.org --format markdown
  FOOTFALL_SIGN_IN_SECRET=fft_… footfall-collector report --url https://footfall.internal --ca ca.pem
A collector with a sign-in takes a token of `tokens add`, or the sign-in secret, in FOOTFALL_SIGN_IN_SECRET: other users
of the machine can read a command line."""
_ALERTS_EXAMPLE = """example:
  footfall-collector alerts test --data /var/lib/footfall
  footfall-collector alerts list --data /var/lib/footfall
`test` sends a message to every webhook and address of the settings, says what became of each, and ends with 1 where one
did not arrive, or where none is set."""
RANGES = ("1h", "24h", "7d", "30d", "90d", "365d", "all")
INTERNAL = ("hide", "only", "all")
FORMATS = ("terminal", "markdown", "html")


def add_commands(commands: "Commands") -> None:
    report = add_command(commands, "report", "the four answers, for a terminal or a weekly mail", _EXAMPLE)
    report.add_argument("--url", help="address of a running collector [the one that uses --data]")
    report.add_argument("--ca", metavar="FILE", type=Path, help="certificates (PEM) of a CA of your own, for --url")
    report.add_argument("--product", help="the product; needed where there are several")
    report.add_argument("--range", choices=RANGES, default="7d", help="days up to now, today included [7d]")
    report.add_argument(
        "--segment", type=utf8_text, metavar="NAME", help="only this saved segment; `segments list` shows them"
    )
    report.add_argument("--internal", choices=INTERNAL, default="hide", help="events of CI and tests [hide]")
    report.add_argument("--format", choices=FORMATS, default="terminal", help="how it is written [terminal]")
    report.add_argument("--output", metavar="FILE", type=Path, help="write it to a file")
    report.set_defaults(run=_report)
    alerts = add_group(commands, "alerts", "what rules found, and whether messages arrive", _ALERTS_EXAMPLE)
    listed = add_command(alerts, "list", "show the alerts of the last 90 days", _ALERTS_EXAMPLE)
    listed.set_defaults(run=_list_alerts)
    tested = add_command(alerts, "test", "send a test to every configured channel", _ALERTS_EXAMPLE)
    tested.set_defaults(run=_test_channels)


def _report(options: argparse.Namespace, settings: Settings) -> int:
    # Late: the other commands should not pay for it.
    from ..operate import ReportError

    query = {"range": options.range, "internal": options.internal}
    if options.product:
        query["product"] = options.product
    if options.segment:
        query["segment"] = options.segment
    try:
        report = _get_report(options.url, options.ca, settings, query)
    except (ReportError, ControlError) as error:
        print_error(str(error))
        return 1
    _write(report, options.format, options.output)
    return 0


def _get_report(url: str | None, ca: Path | None, settings: Settings, query: dict[str, str]) -> dict[str, Any]:
    from ..operate import fetch_report, report_from_files

    if url is not None:
        return fetch_report(url, query, settings.sign_in_secret, ca)
    try:
        # The collector that uses this directory, at any address.
        report: dict[str, Any] = send_command(settings.data, "report", query)
        return report
    except NotRunningError:
        pass
    if settings.data.is_dir():
        # No collector starts on the files while they are read.
        lock_data(settings.data)
    return report_from_files(settings, query)


def _write(fields: dict[str, Any], form: str, output: Path | None) -> None:
    # Late: other commands should not pay for the charts and the templates.
    from ..show.report import Report, html, markdown

    try:
        report = msgspec.convert(fields, Report)
    except msgspec.ValidationError as error:
        sentence = f"the report can't be read ({error}): use the version of the collector that made it"
        raise ControlError(sentence) from None
    if form == "terminal":
        _write_terminal(report, output)
        return
    text = {"markdown": markdown.render, "html": html.render}[form](report)
    if output is None:
        sys.stdout.write(text)
    else:
        _write_file(output, text)


def _write_terminal(report: "Report", output: Path | None) -> None:
    from rich.console import Console

    from ..show.report import terminal

    class PipedConsole(Console):
        def on_broken_pipe(self) -> None:
            # Rich would end the process with 1.
            raise BrokenPipeError

    if output is None:
        terminal.print_report(report, PipedConsole())
        return
    console = Console(width=120, record=True, file=sys.stderr, quiet=True)
    with console.capture():
        terminal.print_report(report, console)
    _write_file(output, console.export_text())


def _write_file(output: Path, text: str) -> None:
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        raise ControlError(f"{output} can't be written ({error.strerror}); choose another --output") from None
    sys.stderr.write(f"wrote {output}\n")


def _list_alerts(options: argparse.Namespace, settings: Settings) -> int:
    del options
    # Late: other commands should not pay for it.
    from ..alerts import listed_alerts
    from ..show.insight import plain_sentence

    result = _run_alerts(settings, "alerts_list", lambda: listed_alerts(settings))
    entries = msgspec.convert(result["alerts"], list[AlertEntry])
    if not entries:
        print("No rule has found anything in the last 90 days.")
    for each in entries:
        until = f"to {each.end} UTC" if each.end else "and goes on"
        name = f"{each.product or 'collector'}: {each.rule}"
        print(f"{each.begin} {until}  {name}  sent {each.sent}\n    {plain_sentence(each.sentence)}")
    return 0


def _test_channels(options: argparse.Namespace, settings: Settings) -> int:
    del options
    from ..alerts import channels_of, check_alert_settings, send_tests

    def here() -> dict[str, Any]:
        check_alert_settings(settings)
        return send_tests(channels_of(settings))

    results = _run_alerts(settings, "alerts_test", here)["channels"]
    if not results:
        print_error("no channel is set: set alert_webhooks, or alert_mail_to and alert_mail_server")
    for each in results:
        print(f"{each['name']}: {each['problem'] or 'arrived'}")
    return 0 if results and not any(each["problem"] for each in results) else 1


def _run_alerts(settings: Settings, command: str, here: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The result of the running collector, whose settings count; without one, that of this process."""
    try:
        result: dict[str, Any] = send_command(settings.data, command, {})
        return result
    except NotRunningError:
        return here()
