"""`footfall off`, `on` and `forget`."""

import argparse
import contextlib
import os
import time

from ..runtime import write_json
from ..settings import OFF_MARKER, Product, state_directory
from ..spool import delete_all, delete_unsent
from .product_choice import counted, meant_product, print_json, products_here
from .status import Inspection


def _unknown(product: Product) -> str:
    """What to look at where the product has never kept anything here: its name may be misspelt. Empty where it has."""
    if os.path.isdir(state_directory(product, os.environ)):
        return ""
    known = ", ".join(one.name for one in products_here()) or "none"
    return f"no product named {product.name} has kept state here (known: {known}); check the name"


def _turn_off(product: Product) -> str:
    """Leave the mark that turns telemetry off; the state directory. Raises OSError with what to do instead."""
    directory = state_directory(product, os.environ)
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        written = write_json(os.path.join(directory, OFF_MARKER), {"name": product.name, "since": int(time.time())})
    except OSError:
        written = False
    if not written:
        raise OSError(13, f"can't be written; set {product.prefix}TELEMETRY=false instead", directory)
    return directory


def off(arguments: argparse.Namespace) -> int:
    """Turn telemetry off for this user and product, and delete what was not yet sent."""
    product = meant_product(arguments)
    # A mark before the first start is of use too, so an unknown name is no error.
    note = _unknown(product)
    deleted = delete_unsent(os.path.join(_turn_off(product), "spool"))
    if arguments.json:
        told = {"product": product.name, "telemetry": "off", "spool_files_deleted": deleted}
        return print_json({**told, "note": note} if note else told)
    files = counted(deleted, "spool file was", "spool files were")
    print(f"{product.name} telemetry is off, also for servers that run now. {files} deleted.")
    if note:
        print(f"note: {note}")
    return 0


def on(arguments: argparse.Namespace) -> int:
    """Take back `footfall off`."""
    product = meant_product(arguments)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(state_directory(product, os.environ), OFF_MARKER))
    decision = Inspection(product, os.environ).decision
    if arguments.json:
        return print_json({"product": product.name, "telemetry": decision.mode, "because": decision.reason})
    print(f"{product.name} telemetry is {decision.mode}: {decision.reason}.")
    return 0


def forget(arguments: argparse.Namespace) -> int:
    """Delete everything kept here, turn telemetry off, print the ID and how to have its data deleted."""
    inspection = Inspection(meant_product(arguments), os.environ)
    name, instance, host = inspection.product.name, inspection.instance, inspection.host
    note = _unknown(inspection.product)
    # Off first: a server that runs must not write anew what is deleted here.
    deleted = delete_all(_turn_off(inspection.product))
    command = f"footfall-collector forget {instance}"
    if arguments.json:
        known = {"instance": instance or None, "destination": host, "collector_command": command if instance else None}
        told = {"product": name, "telemetry": "off", "files_deleted": deleted, **known}
        return print_json({**told, "note": note} if note else told)
    gone = f"Deleted: identity, unsent events and the log of {name}" if deleted else f"Nothing was kept here for {name}"
    print(f"{gone}. Telemetry is off.")
    if note:
        print(f"note: {note}")
    if instance:
        print(f"Its instance ID was {instance}.")
        print(f"To have the data sent under it deleted, give this ID to the operator of {host};")
        print(f"on a Footfall collector: {command}")
    if instance.startswith("cluster_"):
        print("The ID is made from the cluster: if telemetry is turned on here again, it is the same.")
    return 0
