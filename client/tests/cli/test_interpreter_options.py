"""Hosts and the command under options of Python: no docstrings, no asserts, an ASCII locale, warnings as errors."""

from pathlib import Path

import pytest

from client.tests.cli.rig import KINDS, Machine
from tests.support.capture_server import CaptureServer

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
OPTIONS = {
    "-O": {"PYTHONOPTIMIZE": "1"},
    "-OO": {"PYTHONOPTIMIZE": "2"},
    "-X dev -W error": {"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "error"},
    "ASCII": ASCII,
    "ASCII streams": {"PYTHONIOENCODING": "ascii"},
    "-P": {"PYTHONSAFEPATH": "1", "PYTHONNOUSERSITE": "1"},
    "all": {"PYTHONOPTIMIZE": "2", "PYTHONDEVMODE": "1", "PYTHONWARNINGS": "error", **ASCII},
}


@pytest.mark.parametrize("variables", OPTIONS.values(), ids=OPTIONS.keys())
def test_events_are_delivered_and_every_command_answers(tmp_path: Path, variables: dict[str, str]) -> None:
    with CaptureServer() as capture:
        machine = Machine(tmp_path / "home", capture.url, grace=0).with_variables(**variables)
        machine.run()
        assert len(capture.events) == KINDS
        assert machine.told("status")["telemetry"] == "on"
        for command in ("status", "preview", "log", "dictionary", "off", "on", "forget"):
            ended = machine.ended(command, "--product", "post")
            assert (ended.returncode, ended.stderr) == (0, b"")
            assert ended.stdout
        assert machine.footfall("--help")


def test_meanings_are_in_the_dictionary_without_docstrings(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home").with_variables(PYTHONOPTIMIZE="2", **ASCII)
    machine.run()
    dictionary = machine.footfall("dictionary", "--product", "post")
    assert "tool_executed: A tool call ended, successfully or not." in dictionary
    assert "letter_sent: A letter was sent." in dictionary
    assert "letter_lost: letter_lost" in dictionary  # the name stands for the docstring that was removed
    assert r"Gr\xf6\xdfe" in dictionary
    assert (
        machine.told("dictionary", "--product", "post")["$defs"]["letter_sent"]["description"] == "A letter was sent."
    )


def test_with_docstrings_one_of_them_is_the_meaning_of_an_event_that_has_no_other(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    machine.run()
    assert "letter_lost: A letter was lost." in machine.footfall("dictionary", "--product", "post")
