"""The flags, types, errors and progress that commands share: an error says what to write, or which flag comes close."""

import argparse
import io
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from ..runtime import VARIABLE_PREFIX, Settings, did_you_mean

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_SHOW_SECONDS = 0.5


def escape_unprintable_characters() -> None:
    """Show a character that the terminal's encoding lacks by its number, where Python would raise an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def add_command(commands: "Commands", name: str, description: str, example: str) -> argparse.ArgumentParser:
    """Add a command with the flags that all commands on a data directory have."""
    command = commands.add_parser(
        name,
        help=description,
        description=description,
        epilog=example,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(parser=command)
    command.add_argument("--config", metavar="FILE", help="TOML file with settings [DATA/footfall.toml]")
    add_setting_flag(command, "data", "data directory", Settings.data)
    return command


def add_group(commands: "Commands", name: str, description: str, example: str) -> "Commands":
    """Add a command that has subcommands."""
    group = commands.add_parser(
        name,
        help=description,
        description=description,
        epilog=example,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return group.add_subparsers(metavar="ACTION", required=True)


def add_setting_flag(command: argparse.ArgumentParser, name: str, description: str, default: Any) -> None:
    """Add the flag of a setting; its help names the default and the variable."""
    default_text = ",".join(default) if isinstance(default, tuple) else default
    command.add_argument(
        f"--{name.replace('_', '-')}",
        metavar=name.rsplit("_", 1)[-1].upper(),
        help=f"{description} [{default_text}; {VARIABLE_PREFIX}{name.upper()}]".replace("%", "%%"),
    )


def day(text: str) -> date:
    """A UTC day. Raises ArgumentTypeError with what to write."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"write a day such as 2026-10-01, not {text!r}") from None


def days(text: str) -> int:
    """A number of days. Raises ArgumentTypeError with what to write."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"write a whole number of days, such as 180, not {text!r}") from None


def utf8_text(value: str) -> str:
    """Text that is stored or sent, of UTF-8 bytes also where the locale is of another encoding, such as `LC_ALL=C`.

    Paths keep the bytes that the system knows them by, so they are not read like this. Raises ArgumentTypeError.
    """
    try:
        return os.fsencode(value).decode("utf-8")
    except UnicodeError:
        raise argparse.ArgumentTypeError("it has bytes that are not UTF-8; write it without them") from None


def parse(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options. Where an argument is unknown, the command's own `parser` prints an error and exits with 2."""
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        command: argparse.ArgumentParser = options.parser
        flags = [flag for action in command._actions for flag in action.option_strings]
        name = unknown[0].partition("=")[0]
        command.error(f"there is no {name} here{did_you_mean(name, flags)}")
    return options


def print_error(message: str) -> None:
    print(f"footfall-collector: {message}", file=sys.stderr)


class ProgressLines:
    """Lines on stderr, at most two a second, so that a user sees that long work goes on."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _SHOW_SECONDS

    def __call__(self, text: str) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _SHOW_SECONDS
            print(f"  {text}", file=sys.stderr, flush=True)


def show_seconds(activity: str) -> Callable[[dict[str, Any]], None]:
    """A handler of progress `{"seconds": number}`."""
    lines = ProgressLines()
    return lambda progress: lines(f"{activity}, {progress['seconds']} s so far")
