"""The command line starts quickly, and every command explains itself with an example."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from footfall_collector.cli.main import build_parser

HEAVY = {"duckdb", "uvicorn", "starlette", "jinja2", "argon2", "clickhouse_driver", "rich", "urllib3"}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["serve", "--help"], ["report", "--help"], ["keys", "list"], ["tokens", "list"]]
)
def test_help_and_lists_load_neither_the_server_nor_a_store(arguments: list[str], tmp_path: Path) -> None:
    more = [] if "--help" in arguments else ["--data", str(tmp_path)]
    program = (
        "import contextlib, io, json, sys\n"
        "from footfall_collector.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        f"    main({[*arguments, *more]!r})\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert HEAVY.isdisjoint(json.loads(ran.stdout))


def commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser and those of all commands below it."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from commands(below)


@pytest.mark.parametrize("command", list(commands(build_parser())), ids=lambda command: command.prog)
def test_the_help_of_every_command_has_an_example_of_it(command: argparse.ArgumentParser) -> None:
    shown = command.format_help()
    assert "example:\n" in shown or "examples:\n" in shown
    assert command.prog in shown.partition("example")[2]


@pytest.mark.parametrize("command", list(commands(build_parser())), ids=lambda command: command.prog)
def test_help_is_printed_in_a_locale_of_ascii(command: argparse.ArgumentParser) -> None:
    """With docstrings and asserts removed too, as `python -OO` does."""
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "COLUMNS": "80"}
    words = [sys.executable, "-OO", "-m", "footfall_collector", *command.prog.split()[1:], "--help"]
    ran = subprocess.run(words, env=environment, capture_output=True, timeout=60, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"example" in ran.stdout
