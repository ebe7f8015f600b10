"""The entry point: parses the arguments, and prints `status`."""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable
from typing import Any

from ..catalogue.loading import CatalogueError
from ..runtime import DROP_REASONS, NOTES
from ..send import rfc3339
from ..version import __version__
from .catalogue_commands import add_guide_options, dictionary, guide
from .new_product import init
from .on_off_forget import forget, off, on
from .output import OutputError, checked_stdout
from .preview_and_log import PREVIEW_REQUESTS, log, preview
from .product_choice import (
    escape_unprintable_characters,
    print_json,
    select_product,
    with_noun,
)
from .status import ProductStatus

EXAMPLES = """examples:
  footfall status                     on or off and why, what waits, what was sent
  footfall preview                    the next requests, byte for byte
  footfall log --json                 every event sent in the last 7 days
  footfall off --product dot-ai       turn dot-ai's telemetry off for this user
  footfall init --product post        begin the events of a product of your own
"""


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 if it succeeds, else 1 and the reason on stderr, 2 for wrong arguments, 130 after Ctrl-C."""
    escape_unprintable_characters()
    try:
        with checked_stdout():
            arguments = _parser().parse_args(argv)
            command: Command = arguments.command
            return command(arguments)
    except BrokenPipeError:
        return 0  # the reader, such as `head`, closed the pipe
    except OutputError as error:
        return _failed(f"the output can't be written: {error}")
    except CatalogueError as error:
        return _failed(str(error))
    except OSError as error:
        return _failed(f"{error.filename or 'the state directory'}: {error.strerror}")
    except KeyboardInterrupt:
        _failed("interrupted")
        return 130


def _failed(reason: str) -> int:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        print(f"footfall: {reason}", file=sys.stderr)
    return 1


_DETAILS = {
    "log": (
        "The first column is the time at which an event was sent; --json also shows its own timestamp",
        'With --json a line is {"sent": UTC time, "event": the event as it was sent}',
    ),
    "guide": (
        "It holds for the product's own events too: their kinds, limits and words, and what they can never hold",
    ),
    "init": (
        "It writes NAME_events.py with events of every kind, and test_NAME_events.py",
        "It replaces no file",
    ),
    "preview": (
        "With --json a line is the body of a request",
        "What --limit leaves out is counted: at the end, or on stderr with --json and --wire",
    ),
}
"""More sentences for the help of one command."""

_EXAMPLES_OF_COMMANDS = {
    "guide": "post --catalogue post_events.py --output TELEMETRY.md",
    "init": "post",
}
"""What follows `--product` in the example of a command; dot-ai in the others."""

Command = Callable[[argparse.Namespace], int]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="footfall",
        description="See, check and turn off the usage analytics of MCP servers on this machine.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"footfall {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for function, help_text in (
        (status, "show on or off and why, the instance ID, what waits, what was sent and dropped"),
        (preview, "show the next requests with all events that wait, byte for byte"),
        (log, "show every event sent in the last 7 days"),
        (dictionary, "show every event and property that can be sent, and why"),
        (guide, "write the Telemetry Guide for the users of a product, in Markdown"),
        (init, "begin the events of a product of your own: a catalogue and its test"),
        (forget, "delete identity, unsent events and log, turn telemetry off, say how to have data deleted"),
        (off, "turn telemetry off for this user, even if the environment turns it on"),
        (on, "undo `footfall off`; a variable that turns telemetry off still wins"),
    ):
        _add_options(_add_command(commands, function, help_text), function)
    return parser


def _add_command(commands: Any, function: Command, help_text: str) -> argparse.ArgumentParser:
    name = function.__name__
    sentences = (help_text, *_DETAILS.get(name, ()))
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help_text,
        description=" ".join(f"{text[0].upper()}{text[1:]}." for text in sentences),
        epilog=f"example: footfall {name} --product {_EXAMPLES_OF_COMMANDS.get(name, 'dot-ai')}",
    )
    command.set_defaults(command=function)
    return command


def _add_options(command: argparse.ArgumentParser, function: Command) -> None:
    if function is init:
        command.add_argument("--product", required=True, help="name of the product: lower-case words joined by '-'")
        command.add_argument("--directory", default=".", help="where to write the two files (default: here)")
    else:
        command.add_argument(
            "--product", help="name of the product, such as dot-ai; required if several are known here"
        )
    if function is not guide:
        command.add_argument("--json", action="store_true", help="print JSON")
    if function in (dictionary, guide):
        command.add_argument(
            "--catalogue",
            metavar="SOURCE",
            help="Python file (post_events.py) or importable module (post.events) with the product's EVENTS "
            "(default: those of its last run here)",
        )
    if function is guide:
        add_guide_options(command)
    if function is preview:
        command.add_argument(
            "--wire", action="store_true", help="print the exact bytes of the requests, with their gzip bodies"
        )
        command.add_argument(
            "--limit",
            type=_count,
            default=PREVIEW_REQUESTS,
            metavar="REQUESTS",
            help=f"print at most so many requests; 0 for all (default: {PREVIEW_REQUESTS})",
        )


def _count(text: str) -> int:
    """A number of 0 or more. Raises ValueError."""
    number = int(text)
    if number < 0:
        raise ValueError
    return number


def _utc(epoch: float) -> str | None:
    return rfc3339(int(epoch)) if epoch else None


def status(arguments: argparse.Namespace) -> int:
    product_status = ProductStatus(select_product(arguments), os.environ)
    facts = _status_facts(product_status)
    if arguments.json:
        return print_json(facts)
    events, size = facts.pop("waiting_events"), facts.pop("waiting_bytes")
    lists = {name: facts.pop(name) for name in ("dropped", "notes", "other_tools", "warnings")}
    values = {"waiting": f"{with_noun(events, 'event', 'events')}, {size} bytes", **facts}
    # The same order as in JSON, but with the waiting events and bytes on one line.
    rows = [(name.replace("_", " "), values[name]) for name in _ROWS]
    rows += [("dropped", f"{count} {reason}: {_explain_drop(reason)}") for reason, count in lists["dropped"].items()]
    rows += [("note", f"{count} {NOTES.get(note, 'of another version')}") for note, count in lists["notes"].items()]
    rows += [("other tool", f"{name!r} is recorded as `other`: {TOOL_FORM}") for name in lists["other_tools"]]
    rows += [("warning", warning) for warning in lists["warnings"]]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {_PLACEHOLDERS.get(name, 'none') if value is None else value}")
    return 0


_ROWS = (
    "product",
    "telemetry",
    "because",
    "instance",
    "instance_made",
    "destination",
    "waiting",
    "sent",
    "last_sent",
    "sending_begins",
    "next_try",
    "last_error",
    "durability",
    "state_directory",
)
TOOL_FORM = "a tool's name has at most 128 letters a-z, digits and _ . / -"
"""The form of a tool's name, for one that does not have it."""
_PLACEHOLDERS = {
    "instance": "not made yet",
    "instance made": "at the first start",
    "destination": "known after the first start",
    "last sent": "never",
    "sending begins": "10 minutes after the first start",
    "next try": "with the next batch",
}
"""Texts that `status` prints for missing values; any other is `none`."""


def _explain_drop(reason: str) -> str:
    return DROP_REASONS.get(reason, "a reason of another version")


def _status_facts(product_status: ProductStatus) -> dict[str, Any]:
    """The facts that `status` prints; None for a missing one."""
    send_state, waiting, decision = product_status.send_state, product_status.waiting(), product_status.decision
    return {
        "product": product_status.product.name,
        "telemetry": decision.mode,
        "because": decision.reason,
        "instance": product_status.instance or None,
        "instance_made": product_status.about.get("instance_how"),
        "destination": product_status.host or None,
        "waiting_events": waiting.events,
        "waiting_bytes": waiting.bytes,
        "sent": send_state.sent,
        "dropped": send_state.dropped,
        "notes": send_state.notes,
        "other_tools": product_status.other_tools,
        "last_sent": _utc(send_state.last_sent),
        "sending_begins": _utc(product_status.grace_ends()),
        "next_try": _utc(send_state.next_try),
        "last_error": send_state.last_error or None,
        "durability": product_status.durability,
        "state_directory": product_status.directory,
        "warnings": [*decision.warnings, *product_status.warnings()],
    }
