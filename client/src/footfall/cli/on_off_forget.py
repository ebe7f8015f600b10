"""`footfall off`, `on` and `forget`: the commands that change a state directory."""

import argparse
import contextlib
import json
import os
import time

from ..runtime import check_private_directory, make_private_directory, write_json
from ..settings import OFF_MARKER, Product, decide, state_directory
from ..spool import delete_all, delete_unsent
from .output import print_once
from .product_choice import local_products, print_json, select_product, with_noun
from .status import ProductStatus


def _unknown_name_note(product: Product) -> str:
    """A note that the name may be misspelt, if the product has no state directory; else empty."""
    if os.path.isdir(state_directory(product, os.environ)):
        return ""
    known = ", ".join(known.name for known in local_products()) or "none"
    return f"no product named {product.name} has kept state here (known: {known}); check the name"


def _turn_off(product: Product) -> str:
    """Write the marker that turns telemetry off; the state directory. Raises OSError with what to do instead."""
    directory = state_directory(product, os.environ)
    try:
        make_private_directory(directory)
        written = write_json(os.path.join(directory, OFF_MARKER), {"name": product.name, "since": int(time.time())})
    except OSError:
        written = False
    if not written:
        raise OSError(13, f"can't be written; set {product.prefix}TELEMETRY=false instead", directory)
    return directory


def off(arguments: argparse.Namespace) -> int:
    """Turn telemetry off for this user and product, and delete the unsent events."""
    product = select_product(arguments)
    # `off` is also useful before a product's first start, so an unknown name is no error.
    note = _unknown_name_note(product)
    deleted = delete_unsent(os.path.join(_turn_off(product), "spool"))
    if arguments.json:
        answer = {"product": product.name, "telemetry": "off", "spool_files_deleted": deleted}
        return print_json({**answer, "note": note} if note else answer)
    files = with_noun(deleted, "spool file was", "spool files were")
    print(f"{product.name} telemetry is off, also for servers that run now. {files} deleted.")
    if note:
        print(f"note: {note}")
    return 0


def on(arguments: argparse.Namespace) -> int:
    """Undo `footfall off`."""
    product = select_product(arguments)
    directory = state_directory(product, os.environ)
    with contextlib.suppress(FileNotFoundError):
        check_private_directory(directory)
        os.unlink(os.path.join(directory, OFF_MARKER))
    product_status = ProductStatus(product, os.environ)
    # Before the first run only the environment and the marker are known, and they are what this command changes.
    decision = product_status.decision if product_status.about else decide(product, os.environ)
    if arguments.json:
        return print_json({"product": product.name, "telemetry": decision.mode, "because": decision.reason})
    print(f"{product.name} telemetry is {decision.mode}: {decision.reason}.")
    return 0


def forget(arguments: argparse.Namespace) -> int:
    """Delete all state, turn telemetry off, print the instance ID and how to have its data deleted."""
    product_status = ProductStatus(select_product(arguments), os.environ)
    name, instance, host = product_status.product.name, product_status.instance, product_status.host
    note = _unknown_name_note(product_status.product)
    # Off comes first, so that a running server does not write again what is deleted here.
    deleted = delete_all(_turn_off(product_status.product))
    command = f"footfall-collector forget {instance}"
    if arguments.json:
        sent = {"instance": instance or None, "destination": host, "collector_command": command if instance else None}
        answer = {"product": name, "telemetry": "off", "files_deleted": deleted, **sent}
        print_once(json.dumps({**answer, "note": note} if note else answer, indent=1))
        return 0
    result = (
        f"Deleted: identity, unsent events and the log of {name}" if deleted else f"Nothing was kept here for {name}"
    )
    lines = [f"{result}. Telemetry is off.", *([f"note: {note}"] if note else [])]
    if instance:
        lines += [
            f"Its instance ID was {instance}.",
            f"To have the data sent under it deleted, give this ID to the operator of {host};",
            f"on a Footfall collector: {command}",
        ]
    if instance.startswith("cluster_"):
        lines.append("The ID is made from the cluster: if telemetry is turned on here again, it is the same.")
    print_once("\n".join(lines))
    return 0
