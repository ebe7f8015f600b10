"""`annotations`: what happened and when, through the running collector or on its file while none runs."""

import argparse
from typing import TYPE_CHECKING, Any

from ..runtime import CommandArgument, ControlError, NotRunningError, Settings, send_command
from .arguments import add_command, add_group, utf8_text

if TYPE_CHECKING:
    from .arguments import Commands

_EXAMPLE = """example:
  footfall-collector annotations add --data /var/lib/footfall 'the provider had an outage'
  footfall-collector annotations add --data /var/lib/footfall --at 2026-11-20 --product dot-ai 'the documentation moved'
  footfall-collector annotations list --data /var/lib/footfall
  footfall-collector annotations remove --data /var/lib/footfall 5f0c2d9a1b7e
Every chart over time shows them, and so do reports, the API and /mcp. Releases are shown without one."""


def add_commands(commands: "Commands") -> None:
    group = add_group(commands, "annotations", "what happened and when, for every chart over time", _EXAMPLE)
    add = add_command(group, "add", "add an annotation", _EXAMPLE)
    add.add_argument("text", type=utf8_text, help="one line of at most 200 characters")
    add.add_argument("--at", default="", metavar="TIME", help="a UTC day or an RFC 3339 time [now]")
    add.add_argument("--product", help="only on the charts of this product [of all]")
    add.set_defaults(run=_add)
    add_command(group, "list", "show all annotations with their IDs", _EXAMPLE).set_defaults(run=_list)
    remove = add_command(group, "remove", "remove an annotation", _EXAMPLE)
    remove.add_argument("id", help="its ID, as `list` shows it")
    remove.set_defaults(run=_remove)


def _run(settings: Settings, command: str, /, **arguments: CommandArgument) -> Any:
    """The result of a command, by the running collector or on the file. Raises ControlError."""
    try:
        return send_command(settings.data, command, arguments)
    except NotRunningError:
        pass
    # Late: a command that the running collector carries out should not pay for this.
    from ..access import AuditLog, audited
    from ..access.changes import AnnotationList, annotation_commands

    if not settings.data.is_dir():
        raise ControlError(f"{settings.data} is no directory; check --data")
    commands = annotation_commands(settings, AnnotationList(settings.data))
    return audited(commands, AuditLog(settings.data))[command](**arguments)


def _add(options: argparse.Namespace, settings: Settings) -> int:
    added = _run(settings, "annotations_add", text=options.text, at=options.at, product=options.product)
    print(_line(added))
    return 0


def _list(options: argparse.Namespace, settings: Settings) -> int:
    del options
    annotations = _run(settings, "annotations_list")
    for annotation in annotations:
        print(_line(annotation))
    if not annotations:
        print("no annotations yet; `footfall-collector annotations add TEXT` makes one")
    return 0


def _line(annotation: dict[str, Any]) -> str:
    product = annotation["product"] or "all products"
    return f"{annotation['id']}  {annotation['at']}  {product}  {annotation['text']}  by {annotation['by']}"


def _remove(options: argparse.Namespace, settings: Settings) -> int:
    _run(settings, "annotations_remove", id=options.id)
    print(f"{options.id}  is removed")
    return 0
