"""The entry point: parses the arguments, and prints `status`, `preview`, `log` and `dictionary`."""

import argparse
import contextlib
import itertools
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from ..catalogue import QUESTIONS, catalogue_for, to_json_schema
from ..runtime import DROP_REASONS, NOTES
from ..send import rfc3339
from ..version import __version__
from .on_off_forget import forget, off, on
from .output import OutputError, checked_stdout, print_bytes
from .product_choice import (
    escape_unprintable_characters,
    local_products,
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
"""


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 if it succeeds, else 1 and the reason on stderr, or 2 for wrong arguments."""
    escape_unprintable_characters()
    try:
        with checked_stdout():
            arguments = _parser().parse_args(argv)
            command: Callable[[argparse.Namespace], int] = arguments.command
            return command(arguments)
    except BrokenPipeError:
        return 0  # the reader, such as `head`, closed the pipe
    except OutputError as error:
        return _failed(f"the output can't be written: {error}")
    except OSError as error:
        return _failed(f"{error.filename or 'the state directory'}: {error.strerror}")


def _failed(reason: str) -> int:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        print(f"footfall: {reason}", file=sys.stderr)
    return 1


_DETAILS = {
    "log": (
        "The first column is the time at which an event was sent; --json also shows its own timestamp",
        'With --json a line is {"sent": UTC time, "event": the event as it was sent}',
    ),
    "preview": (
        "With --json a line is the body of a request",
        "What --limit leaves out is counted: at the end, or on stderr with --json and --wire",
    ),
}
"""More sentences for the help of one command."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="footfall",
        description="See, check and turn off the usage analytics of MCP servers on this machine.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"footfall {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, function, help_text in (
        ("status", status, "show on or off and why, the instance ID, what waits, what was sent and dropped"),
        ("preview", preview, "show the next requests with all events that wait, byte for byte"),
        ("log", log, "show every event sent in the last 7 days"),
        ("dictionary", dictionary, "show every event and property that can be sent, and why"),
        ("forget", forget, "delete identity, unsent events and log, turn telemetry off, say how to have data deleted"),
        ("off", off, "turn telemetry off for this user, even if the environment turns it on"),
        ("on", on, "undo `footfall off`; a variable that turns telemetry off still wins"),
    ):
        description = "".join(f"{text[0].upper()}{text[1:]}. " for text in (help_text, *_DETAILS.get(name, ()))).strip()
        command = commands.add_parser(
            name, help=help_text, description=description, epilog=f"example: footfall {name} --product dot-ai"
        )
        command.add_argument(
            "--product", help="name of the product, such as dot-ai; required if several are known here"
        )
        command.add_argument("--json", action="store_true", help="print JSON")
        command.set_defaults(command=function)
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
    return parser


def _count(text: str) -> int:
    """A number of 0 or more. Raises ValueError."""
    number = int(text)
    if number < 0:
        raise ValueError
    return number


def _utc(epoch: float) -> str | None:
    return rfc3339(int(epoch)) if epoch else None


PREVIEW_REQUESTS = 100


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


def preview(arguments: argparse.Namespace) -> int:
    """Print the next requests: request line, headers, and the body before gzip."""
    product_status = ProductStatus(select_product(arguments), os.environ)
    off = product_status.decision.mode == "off"
    requests = iter(()) if off else product_status.next_requests()
    shown = 0
    for request in itertools.islice(requests, arguments.limit or None):
        if arguments.wire:
            print_bytes(request.wire)
        elif arguments.json:
            print(request.body.decode())
        else:
            print(("\n" if shown else "") + request.head.replace("\r\n", "\n"))
            print(request.body.decode())
        shown += 1
    plain = not arguments.wire and not arguments.json
    left_out = [request.events for request in requests]
    if left_out:
        events = with_noun(sum(left_out), "more event waits", "more events wait")
        note = f"{events} in {with_noun(len(left_out), 'request', 'requests')}; --limit 0 shows all"
        # Requests alone are printed on stdout where a program reads it.
        print(f"\n{note}." if plain else f"footfall: {note}", file=sys.stdout if plain else sys.stderr)
    if not shown and not arguments.wire:
        print("null" if arguments.json else _nothing_to_preview(product_status))
    return 0


def _nothing_to_preview(product_status: ProductStatus) -> str:
    if product_status.decision.mode == "off":
        return f"Nothing would be sent: telemetry is off, {product_status.decision.reason}."
    waits = "Nothing waits to be sent"
    return f"{waits}." if product_status.about else f"{waits}: {product_status.not_run_yet}."


_LOG_ROW = "{:<22}{:<28}{:<18}{}"


def log(arguments: argparse.Namespace) -> int:
    """Print every event sent in the last 7 days, as it was sent, and when."""
    entry = None
    for number, entry in enumerate(ProductStatus(select_product(arguments), os.environ).sent()):
        sent, event = rfc3339(entry["sent"]), entry["event"]
        if arguments.json:
            print(json.dumps({**entry, "sent": sent}))
            continue
        if number == 0:
            print(_LOG_ROW.format("sent", "instance", "event", "properties"))
        own = {k: v for k, v in event.get("properties", {}).items() if not k.startswith("$")}
        text = "  ".join(f"{name}={value}" for name, value in own.items())
        print(_LOG_ROW.format(sent, str(event.get("distinct_id")), str(event.get("event")), text))
    if entry is None and not arguments.json:
        print("Nothing was sent in the last 7 days.")
    return 0


def dictionary(arguments: argparse.Namespace) -> int:
    """Print every event and property of the product: meaning, kind, purpose and the question it answers."""
    unspecified = arguments.product is None and len(local_products()) != 1
    # Without a product to look up, it shows dot-ai's dictionary, which needs no state directory.
    catalogue = (
        catalogue_for("dot-ai") if unspecified else ProductStatus(select_product(arguments), os.environ).catalogue()
    )
    if arguments.json:
        return print_json(to_json_schema(catalogue))
    events = [(f"{event.name}: {event.meaning}", event.properties) for event in catalogue.events.values()]
    for heading, properties in [*events, ("every event", catalogue.common)]:
        print(heading)
        for wire, property_ in properties.items():
            print(f"  {wire:<20}{property_.kind.label:<17}{property_.meaning}")
            print(f"  {'':<37}{property_.purpose} [{property_.question}]")
    print("\nquestions")
    for key, question in QUESTIONS.items():
        print(f"  {key:<11}{question}")
    return 0
