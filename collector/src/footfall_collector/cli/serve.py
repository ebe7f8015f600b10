"""`serve`: runs the collector."""

import argparse
import sys
from typing import TYPE_CHECKING

from ..runtime import COLLECTOR_SETTINGS, Settings
from .arguments import add_command, add_setting_flag, print_error

if TYPE_CHECKING:
    from .arguments import Commands

_EXAMPLE = """example:
  footfall-collector serve --data /var/lib/footfall
  then set DOT_AI_POSTHOG_HOST=http://127.0.0.1:8765 where the MCP server runs, and open that address"""


def add_commands(commands: "Commands") -> None:
    serve = add_command(commands, "serve", "take events and show charts until stopped", _EXAMPLE)
    for setting in COLLECTOR_SETTINGS:
        if not setting.secret and setting.name != "data":
            add_setting_flag(serve, setting.name, setting.description, setting.default)
    serve.set_defaults(run=_serve)


def _serve(options: argparse.Namespace, settings: Settings) -> int:
    del options
    # Late: the other commands should not pay for the server.
    from ..access import TokensError
    from ..access.links import LinksError
    from ..app import PortTakenError, greeting_lines, serve
    from ..receive import WriteKeyError
    from ..runtime.logs import set_up_logging
    from ..store import StoreError

    set_up_logging(settings.log_format)

    def announce(address: str, first_key: str) -> None:
        # In one write: the log may be on the same stream, and its lines must not break these.
        sys.stdout.write("".join(f"{line}\n" for line in greeting_lines(settings, address, first_key)))
        sys.stdout.flush()

    try:
        serve(settings, announce)
    except (PortTakenError, WriteKeyError, TokensError, LinksError, StoreError) as error:
        print_error(str(error))
        return 1
    except OSError as error:
        print_error(f"{error.filename or settings.data} can't be used ({error.strerror}); check --data and the disk")
        return 1
    return 0
