"""`footfall`: what is collected here, what was sent, and how to turn it off."""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from typing import Any

from .catalogue import QUESTIONS, catalogue_for
from .counters import DROP_REASONS
from .inspection import Inspection, known_products, product_from
from .product import OFF_MARKER, Product, decide, state_directory
from .state import read_json, write_json
from .unsent import delete_unsent
from .version import __version__
from .wire import Poster

EXAMPLES = """examples:
  footfall status                     on or off and why, what waits, what was sent
  footfall preview                    the next request, exactly
  footfall log --json                 every event sent in the last 7 days
  footfall off --product dot-ai       turn dot-ai's telemetry off for this user
"""


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 where it did what it says, 1 otherwise, with the reason on stderr."""
    parser = _parser()
    arguments = parser.parse_args(argv)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="footfall",
        description="See, check and turn off the anonymous usage analytics of MCP servers on this machine.",
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
        command = commands.add_parser(
            name, help=help_text, description=help_text, epilog=f"example: footfall {name} --product dot-ai"
        )
        command.add_argument("--product", help="name of the product, such as dot-ai; needed where several are known")
        command.add_argument("--json", action="store_true", help="for machines")
        command.set_defaults(command=function)
    return parser


def _base() -> str:
    from platformdirs import user_state_dir

    try:
        return user_state_dir("footfall", appauthor=False)
    except RuntimeError:
        return ""  # a user without a home


def _product(arguments: argparse.Namespace) -> Product:
    """The product that is meant, with a state directory. Raises SystemExit with what to do where there is none."""
    product = _named_product(arguments)
    if not state_directory(product, os.environ):
        variable = f"{product.prefix}TELEMETRY_STATE_DIR"
        raise SystemExit(f"footfall: this user has no home directory and so no state; set HOME or {variable}")
    return product


def _named_product(arguments: argparse.Namespace) -> Product:
    known = known_products(os.environ, _base())
    name = arguments.product
    if name is None and len(known) == 1:
        return known[0]
    if name is None:
        names = ", ".join(product.name for product in known)
        hint = f"known here: {names}" if known else "no product has kept state here yet"
        raise SystemExit(f"footfall: which product? Add --product NAME ({hint}).")
    try:
        product = Product(name)
    except ValueError as error:
        raise SystemExit(f"footfall: {error}") from None
    about = read_json(os.path.join(state_directory(product, os.environ), "product.json"))
    return product_from(about, name) if about.get("name") == name else product


def _when(epoch: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(epoch)) if epoch else "never"


def status(arguments: argparse.Namespace) -> int:
    """Print on or off and why, the instance ID, the destination, what waits, was sent and dropped."""
    inspection = Inspection(_product(arguments), os.environ)
    facts = _status_facts(inspection)
    if arguments.json:
        print(json.dumps(facts, indent=1))
        return 0
    rows = [(name.replace("_", " "), value) for name, value in facts.items() if name not in ("dropped", "warnings")]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}")
    for reason, count in facts["dropped"].items():
        print(f"{'dropped':<{width}}  {count} {reason}: {DROP_REASONS.get(reason, 'by another version')}")
    for warning in facts["warnings"]:
        print(f"{'warning':<{width}}  {warning}")
    return 0


def _status_facts(inspection: Inspection) -> dict[str, Any]:
    progress, waiting, decision = inspection.progress, inspection.waiting(), inspection.decision
    mode, reason = decision.mode, decision.reason
    if mode == "on" and not inspection.key:
        mode, reason = "off", f"no write key: set {inspection.product.prefix}POSTHOG_KEY"
    return {
        "product": inspection.product.name,
        "telemetry": mode,
        "because": reason,
        "instance": inspection.instance or "not made yet",
        "instance_made": inspection.about.get("instance_how", "at the first start"),
        "destination": inspection.host,
        "waiting": f"{waiting.events} events, {waiting.bytes} bytes",
        "sent": progress.sent,
        "last_sent": _when(progress.last_sent),
        "sending_begins": _when(inspection.grace_ends()) if inspection.grace_ends() else "10 minutes after first start",
        "next_try": _when(progress.next_try) if progress.next_try else "with the next batch",
        "last_error": progress.last_error or "none",
        "durability": inspection.durability,
        "state_directory": inspection.directory,
        "dropped": progress.dropped or {},
        "warnings": list(inspection.settings.warnings),
    }


def preview(arguments: argparse.Namespace) -> int:
    """Print the next request: address, headers and body as they would be sent (the body goes out gzipped)."""
    inspection = Inspection(_product(arguments), os.environ)
    body = inspection.next_request()
    if body is None:
        print("Nothing waits to be sent." if not arguments.json else "null")
        return 0
    if arguments.json:
        print(body.decode())
        return 0
    poster = Poster(inspection.host)
    print(f"POST {poster.url}")
    for name, value in poster.headers().items():
        print(f"{name}: {value}")
    print(f"\n{body.decode()}")
    return 0


def log(arguments: argparse.Namespace) -> int:
    """Print every event sent in the last 7 days, as it was sent."""
    count = 0
    for entry in Inspection(_product(arguments), os.environ).sent():
        count += 1
        if arguments.json:
            print(json.dumps(entry))
        else:
            event = entry["event"]
            own = {k: v for k, v in event.get("properties", {}).items() if not k.startswith("$")}
            text = "  ".join(f"{name}={value}" for name, value in own.items())
            print(f"{_when(entry['sent'])}  {event.get('distinct_id')}  {event.get('event'):<17}{text}")
    if not count and not arguments.json:
        print("Nothing was sent in the last 7 days.")
    return 0


def dictionary(arguments: argparse.Namespace) -> int:
    """Print every event and property of the product: meaning, kind, purpose and the question it answers."""
    name = arguments.product or next((p.name for p in known_products(os.environ, _base())), "dot-ai")
    catalogue = catalogue_for(name)
    if arguments.json:
        print(json.dumps(catalogue.json_schema(), indent=1))
        return 0
    for event in catalogue.events.values():
        print(f"{event.name}: {event.meaning}")
        for wire, property_ in event.properties.items():
            print(f"  {wire:<20}{property_.kind.label:<16}{property_.meaning}")
    print("every event")
    for wire, property_ in catalogue.common.items():
        print(f"  {wire:<20}{property_.kind.label:<16}{property_.meaning}")
    print("\nquestions")
    for question in QUESTIONS.values():
        print(f"  {question}")
    return 0


def off(arguments: argparse.Namespace) -> int:
    """Turn telemetry off for this user and product, and delete what was not yet sent."""
    product = _product(arguments)
    directory = state_directory(product, os.environ)
    os.makedirs(directory, mode=0o700, exist_ok=True)
    if not write_json(os.path.join(directory, OFF_MARKER), {"off_since": int(time.time())}):
        raise OSError(13, "can't be written; set the variable instead", directory)
    deleted = delete_unsent(os.path.join(directory, "spool"))
    print(f"{product.name} telemetry is off, also for servers that run now. {deleted} spool files were deleted.")
    return 0


def on(arguments: argparse.Namespace) -> int:
    """Take back `footfall off`."""
    product = _product(arguments)
    marker = os.path.join(state_directory(product, os.environ), OFF_MARKER)
    if os.path.exists(marker):
        os.unlink(marker)
    decision = decide(product, os.environ)
    print(f"{product.name} telemetry is {decision.mode}: {decision.reason}.")
    return 0


def forget(arguments: argparse.Namespace) -> int:
    """Delete everything kept here, turn telemetry off, print the ID and how to have its data deleted."""
    inspection = Inspection(_product(arguments), os.environ)
    directory, instance = inspection.directory, inspection.instance
    if os.path.isdir(directory):
        for name in os.listdir(directory):
            path = os.path.join(directory, name)
            shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
    os.makedirs(directory, mode=0o700, exist_ok=True)
    if not write_json(os.path.join(directory, OFF_MARKER), {"off_since": int(time.time())}):
        raise OSError(13, "can't be written", directory)
    print(f"Deleted: identity, unsent events and the log of {inspection.product.name}. Telemetry is off.")
    if instance:
        print(f"Its instance ID was {instance}.")
        print(f"To have the data sent under it deleted, give this ID to the operator of {inspection.host};")
        print(f"on a Footfall collector: footfall-collector forget {instance}")
    return 0
