"""What the command line does better than argparse alone: it says what to write, and which flag was meant."""

import argparse
from collections.abc import Sequence
from datetime import date

from ..runtime import meant


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


def parsed(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options. A command sets `parser` to its own, which complains of what it doesn't know: it exits with 2."""
    options, strays = parser.parse_known_args(arguments)
    if strays:
        own: argparse.ArgumentParser = options.parser
        known = [flag for action in own._actions for flag in action.option_strings]
        stray = strays[0].partition("=")[0]
        own.error(f"there is no {stray} here{meant(stray, known)}")
    return options
