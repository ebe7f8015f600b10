"""`footfall`: what is collected here, what was sent, and how to turn it off."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from ..catalogue import QUESTIONS, catalogue_for
from ..catalogue import dictionary as schema_of
from ..runtime import DROP_REASONS
from ..send import rfc3339
from ..version import __version__
from .on_off_forget import forget, off, on
from .product_choice import counted, meant_product, print_json, products_here
from .status import Inspection

EXAMPLES = """examples:
  footfall status                     on or off and why, what waits, what was sent
  footfall preview                    the next request, exactly
  footfall log --json                 every event sent in the last 7 days
  footfall off --product dot-ai       turn dot-ai's telemetry off for this user
"""


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 where it did what it says, 1 otherwise, with the reason on stderr."""
    arguments = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except BrokenPipeError:
        # The reader, such as `head`, had enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"footfall: {error.filename or 'the state directory'}: {error.strerror}", file=sys.stderr)
        return 1


_MORE = {
    "log": (
        "The first column is when an event was sent; when it happened is its timestamp, which --json shows",
        'With --json a line is {"sent": UTC time, "event": the event as it was sent}',
    )
}
"""What the help of a command says besides its line in the list of all."""


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
        ("status", status, "on or off and why, the instance ID, what waits, what was sent and dropped"),
        ("preview", preview, "the next request, byte for byte"),
        ("log", log, "every event sent in the last 7 days"),
        ("dictionary", dictionary, "every event and property that can be sent, and why"),
        ("forget", forget, "delete identity, unsent events and log, turn telemetry off, say how to have data deleted"),
        ("off", off, "turn telemetry off for this user, whatever the environment says"),
        ("on", on, "take back `footfall off`; an off in the environment still wins"),
    ):
        described = ". ".join((help_text, *_MORE.get(name, ())))
        command = commands.add_parser(
            name, help=help_text, description=described, epilog=f"example: footfall {name} --product dot-ai"
        )
        command.add_argument("--product", help="name of the product, such as dot-ai; needed where several are known")
        command.add_argument("--json", action="store_true", help="for machines")
        command.set_defaults(command=function)
        if function is preview:
            command.add_argument("--wire", action="store_true", help="the very bytes of the request, gzip included")
    return parser


def _when(epoch: float) -> str | None:
    return rfc3339(int(epoch)) if epoch else None


def status(arguments: argparse.Namespace) -> int:
    """Print on or off and why, the instance ID, the destination, what waits, was sent and dropped."""
    inspection = Inspection(meant_product(arguments), os.environ)
    facts = _status_facts(inspection)
    if arguments.json:
        return print_json(facts)
    events, size = facts.pop("waiting_events"), facts.pop("waiting_bytes")
    said = {name: facts.pop(name) for name in ("dropped", "warnings")}
    shown = {"waiting": f"{counted(events, 'event', 'events')}, {size} bytes", **facts}
    # In the order of the machine's facts, but with what waits as one line.
    rows = [(name.replace("_", " "), shown[name]) for name in _ROWS]
    rows += [("dropped", f"{count} {reason}: {_meaning(reason)}") for reason, count in said["dropped"].items()]
    rows += [("warning", warning) for warning in said["warnings"]]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {_NOTHING.get(name, 'none') if value is None else value}")
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
_NOTHING = {
    "instance": "not made yet",
    "instance made": "at the first start",
    "last sent": "never",
    "sending begins": "10 minutes after the first start",
    "next try": "with the next batch",
}
"""What `status` says where there is nothing to say; `none` for the rest."""


def _meaning(reason: str) -> str:
    return DROP_REASONS.get(reason, "a reason of another version")


def _status_facts(inspection: Inspection) -> dict[str, Any]:
    """What is known, for machines: None where there is nothing."""
    progress, waiting, decision = inspection.progress, inspection.waiting(), inspection.decision
    return {
        "product": inspection.product.name,
        "telemetry": decision.mode,
        "because": decision.reason,
        "instance": inspection.instance or None,
        "instance_made": inspection.about.get("instance_how"),
        "destination": inspection.host,
        "waiting_events": waiting.events,
        "waiting_bytes": waiting.bytes,
        "sent": progress.sent,
        "dropped": progress.dropped,
        "last_sent": _when(progress.last_sent),
        "sending_begins": _when(inspection.grace_ends()),
        "next_try": _when(progress.next_try),
        "last_error": progress.last_error or None,
        "durability": inspection.durability,
        "state_directory": inspection.directory,
        "warnings": [*decision.warnings, *inspection.settings.warnings],
    }


def preview(arguments: argparse.Namespace) -> int:
    """Print the next request: request line, headers, and the body as it is before gzip."""
    inspection = Inspection(meant_product(arguments), os.environ)
    off = inspection.decision.mode == "off"
    request = None if off else inspection.next_request()
    if arguments.wire:
        sys.stdout.buffer.write(request.wire if request else b"")
    elif arguments.json:
        print(request.body.decode() if request else "null")
    elif request:
        print(request.head.replace("\r\n", "\n"))
        print(request.body.decode())
    elif off:
        print(f"Nothing would be sent: telemetry is off, {inspection.decision.reason}.")
    else:
        print("Nothing waits to be sent.")
    return 0


_LOG_ROW = "{:<22}{:<28}{:<18}{}"


def log(arguments: argparse.Namespace) -> int:
    """Print every event sent in the last 7 days, as it was sent, with the time at which it was."""
    entry = None
    for number, entry in enumerate(Inspection(meant_product(arguments), os.environ).sent()):
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
    known = products_here()
    # The dictionary of the one product that is known everywhere needs no state.
    nobody = arguments.product is None and len(known) != 1
    catalogue = catalogue_for("dot-ai") if nobody else Inspection(meant_product(arguments), os.environ).catalogue()
    if arguments.json:
        return print_json(schema_of(catalogue))
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
