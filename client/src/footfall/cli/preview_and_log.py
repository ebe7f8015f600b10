"""`footfall preview` and `log`: the events that wait, and those that were sent."""

import argparse
import itertools
import json
import os
import sys

from ..send import rfc3339
from .output import print_bytes
from .product_choice import select_product, with_noun
from .status import ProductStatus

PREVIEW_REQUESTS = 100


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
