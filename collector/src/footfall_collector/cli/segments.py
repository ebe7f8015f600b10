"""`segments`: saved segments, through the running collector, or on the files while none runs."""

import argparse
from typing import TYPE_CHECKING, Any

from ..runtime import CommandArgument, NotRunningError, Settings, send_command
from .arguments import add_command, add_group, utf8_text

if TYPE_CHECKING:
    from .arguments import Commands

_EXAMPLE = """example:
  footfall-collector segments save --data /var/lib/footfall --where mcp_client:is:cursor cursor
  footfall-collector segments save --data /var/lib/footfall --where k8s_version:is:1.29,1.30 \\
    --where mcp_client:is_not:other "old Kubernetes"
  footfall-collector segments list --data /var/lib/footfall
  footfall-collector segments rename --data /var/lib/footfall cursor "Cursor users"
  footfall-collector segments delete --data /var/lib/footfall "Cursor users"
Every chart, question and report takes a segment by its name: /api/charts/tool-usage?segment=cursor,
/api/compare?a=cursor&b=old%20Kubernetes, `footfall-collector report --segment cursor`."""


def add_commands(commands: "Commands") -> None:
    segments = add_group(commands, "segments", "saved segments: conditions that have a name", _EXAMPLE)
    listed = add_command(segments, "list", "show all saved segments with their conditions", _EXAMPLE)
    listed.set_defaults(run=_list)
    save = add_command(segments, "save", "save conditions under a name", _EXAMPLE)
    save.add_argument("name", type=utf8_text, help="1 to 64 letters, digits, spaces, `_`, `.` and `-`")
    save.add_argument(
        "--where",
        metavar="CONDITION",
        type=utf8_text,
        action="append",
        required=True,
        help="PROPERTY:is:VALUE,VALUE or PROPERTY:is_not:VALUE; all that are given must hold",
    )
    save.add_argument("--replace", action="store_true", help="replace the saved segment of this name")
    save.set_defaults(run=_save)
    rename = add_command(segments, "rename", "give a saved segment another name", _EXAMPLE)
    rename.add_argument("name", type=utf8_text, help="its name")
    rename.add_argument("new", type=utf8_text, help="its new name")
    rename.set_defaults(run=_rename)
    delete = add_command(segments, "delete", "delete a saved segment", _EXAMPLE)
    delete.add_argument("name", type=utf8_text, help="its name")
    delete.set_defaults(run=_delete)
    for command in (listed, save, rename, delete):
        command.add_argument("--product", help="the product; needed where there are several [list: all products]")


def _run(settings: Settings, command: str, /, **arguments: CommandArgument) -> Any:
    """The result of a command, by the running collector or on the file. Raises ControlError."""
    try:
        return send_command(settings.data, command, arguments)
    except NotRunningError:
        pass
    # Late: a command that the running collector carries out should not pay for this.
    from ..access import AuditLog, audited
    from ..admit import load_catalogues
    from ..answer import SavedSegments, segment_commands

    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    commands = segment_commands(SavedSegments(settings.data), load_catalogues(settings.products))
    return audited(commands, AuditLog(settings.data))[command](**arguments)


def _list(options: argparse.Namespace, settings: Settings) -> int:
    segments = _run(settings, "segments_list", product=options.product)
    for each in segments:
        view = f"  view of {each['page']}" if each["page"] else ""
        print(f"{each['name']}  {each['product']}{view}  {'  '.join(each['where']) or 'no conditions'}")
    if not segments:
        print("no saved segments yet; `footfall-collector segments save NAME --where …` makes one")
    return 0


def _save(options: argparse.Namespace, settings: Settings) -> int:
    where = "\n".join(options.where)
    _run(settings, "segments_save", name=options.name, product=options.product, where=where, replace=options.replace)
    print(f"{options.name}  is saved")
    return 0


def _rename(options: argparse.Namespace, settings: Settings) -> int:
    _run(settings, "segments_rename", name=options.name, new=options.new, product=options.product)
    print(f"{options.name}  is {options.new} from now on; links and programs that use the old name get an error")
    return 0


def _delete(options: argparse.Namespace, settings: Settings) -> int:
    _run(settings, "segments_delete", name=options.name, product=options.product)
    print(f"{options.name}  is deleted; links and programs that use its name get an error")
    return 0
