"""`footfall-collector`: serve, and the commands that work on a data directory."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from ..operate.posthog import command as posthog
from ..runtime import (
    PREFIX,
    TABLE,
    ControlError,
    DataUnusableError,
    Settings,
    SettingsError,
    __version__,
    read_settings,
)
from .access import add_access_commands
from .arguments import parsed
from .operate import add_commands
from .report import EXAMPLE, add_arguments
from .report import run as run_report

_EXAMPLE = """example:
  footfall-collector serve --data /var/lib/footfall
  footfall-collector report --data /var/lib/footfall
`footfall-collector COMMAND --help` has more of each command."""
_SERVE_EXAMPLE = """example:
  footfall-collector serve --data /var/lib/footfall
  then set DOT_AI_POSTHOG_HOST=http://127.0.0.1:8765 where the MCP server runs, and open that address"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code is 0, 1 where something is in the way, 2 for a wrong setting or argument."""
    options = parsed(_parser(), arguments)
    try:
        settings = read_settings({k: v for k, v in vars(options).items() if v is not None}, os.environ)
        code: int = options.run(options, settings)
    except SettingsError as error:
        return _complain(str(error), 2)
    except (DataUnusableError, ControlError) as error:
        return _complain(str(error), 1)
    return code


def _complain(message: str, code: int) -> int:
    print(f"footfall-collector: {message}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="footfall-collector",
        description="Footfall's collector and dashboard: PostHog's protocol in, charts out.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"footfall-collector {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    serve = _command(commands, "serve", "take events and show charts until stopped", _SERVE_EXAMPLE)
    for setting in TABLE:
        if not setting.row.secret and setting.name != "data":
            _flag(serve, setting.name, setting.row.meaning, setting.default)
    serve.set_defaults(run=_serve)
    report = _command(commands, "report", "the four answers, for a terminal or a weekly mail", EXAMPLE)
    add_arguments(report)
    report.set_defaults(run=run_report)
    add_access_commands(commands, _command)
    add_commands(commands, _command)
    posthog.add_to(commands)
    return parser


def _command(commands: Any, name: str, meaning: str, example: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=meaning, description=meaning, epilog=example, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.set_defaults(parser=command)
    command.add_argument("--config", metavar="FILE", help="TOML file with settings [DATA/footfall.toml]")
    _flag(command, "data", "directory of everything that is kept", Settings.data)
    return command


def _flag(command: argparse.ArgumentParser, name: str, meaning: str, default: Any) -> None:
    shown = ",".join(default) if isinstance(default, tuple) else default
    command.add_argument(
        f"--{name.replace('_', '-')}",
        metavar=name.rsplit("_", 1)[-1].upper(),
        help=f"{meaning} [{shown}; {PREFIX}{name.upper()}]".replace("%", "%%"),
    )


def _serve(options: argparse.Namespace, settings: Settings) -> int:
    del options
    # Late: `keys list` should not pay for the server.
    from ..access.tokens import TokensError
    from ..app.collector import PortTakenError, serve
    from ..app.greeting import greeting
    from ..receive.write_keys import WriteKeyError
    from ..runtime.logs import set_up_logging
    from ..store.interface import StoreError

    set_up_logging(settings.log_format)

    def announce(address: str) -> None:
        for line in greeting(settings, address):
            print(line, flush=True)

    try:
        serve(settings, announce)
    except (PortTakenError, WriteKeyError, TokensError, StoreError) as error:
        return _complain(str(error), 1)
    except OSError as error:
        return _complain(f"{settings.data} can't be used ({error.strerror}); check --data", 1)
    return 0
