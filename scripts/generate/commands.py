"""The reference of the commands: what `--help` says of each, taken from the parsers themselves."""

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass

from footfall.cli.main import _parser as client
from footfall_collector.cli.main import build_parser as collector

_WIDTH = "100"


@dataclass(frozen=True)
class Command:
    """One command: its whole name, and what its `--help` prints."""

    name: str
    help: str


def commands() -> dict[str, list[Command]]:
    """Program to its commands, in the order in which its help names them."""
    made = {"footfall": client(), "footfall-collector": collector()}
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = _WIDTH  # argparse wraps to the terminal; a page has a width of its own
    try:
        return {name: list(_below(parser)) for name, parser in made.items()}
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def _below(parser: argparse.ArgumentParser) -> Iterator[Command]:
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield Command(parser.prog, parser.format_help().rstrip())
    for group in groups:
        for below in group.choices.values():
            yield from _below(below)
