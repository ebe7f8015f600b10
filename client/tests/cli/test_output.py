"""A full or closed stdout is named as such, never as the state directory, and nothing is lost by it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from client.tests.cli.rig import COMMAND, Machine
from tests.support.unread_pipe import interrupted

MODULE = [sys.executable, "-m", "footfall"]
FULL = b"footfall: the output can't be written: No space left on device\n"


def run(machine: Machine, *arguments: str, redirection: str) -> "subprocess.CompletedProcess[bytes]":
    """Run a command in a shell with its stdout redirected."""
    line = ["bash", "-c", f'"$@" {redirection}', "bash", COMMAND, *arguments]
    return subprocess.run(line, env=machine.environment, capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "arguments",
    ["status", "preview", "preview --json", "preview --wire", "log", "dictionary", "--help", "off --help", "on"],
)
def test_a_full_stdout_is_not_a_full_state_directory(arguments: str, tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    machine.run()
    done = run(machine, *arguments.split(), redirection="> /dev/full")
    assert (done.returncode, done.stderr) == (1, FULL)


def test_what_was_forgotten_is_named_where_stdout_is_full(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    machine.run()
    instance = machine.told("status")["instance"]
    done = run(machine, "forget", redirection="> /dev/full")
    assert done.returncode == 1
    assert done.stderr.endswith(FULL)
    assert f"Its instance ID was {instance}.".encode() in done.stderr
    assert not (machine.state / "identity.json").exists()


def test_a_full_stdout_does_not_keep_telemetry_on(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    machine.run()
    done = run(machine, "off", redirection="> /dev/full")
    assert (done.returncode, done.stderr) == (1, FULL)
    assert machine.told("status")["telemetry"] == "off"


@pytest.mark.parametrize("arguments", ["status", "preview --wire", "dictionary", "--help"])
def test_ctrl_c_ends_a_command_whose_output_nobody_reads_with_one_word(arguments: str, tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    machine.run()
    assert interrupted([COMMAND, *arguments.split()], machine.environment) == (130, b"footfall: interrupted\n")


@pytest.mark.parametrize("command", ["status", "preview", "off", "forget"])
def test_a_closed_stdout_and_a_closed_pipe_are_no_errors(command: str, tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    machine.run()
    assert run(machine, command, redirection=">&-").returncode == 0
    done = run(machine, command, redirection="| true; exit ${PIPESTATUS[0]}")
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


def test_a_state_directory_that_is_full_is_named(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home").with_variables(POST_TELEMETRY_STATE_DIR="/dev/full/state")
    done = machine.ended("off", "--product", "post")
    assert done.returncode == 1
    assert done.stderr == b"footfall: /dev/full/state: can't be written; set POST_TELEMETRY=false instead\n"


def test_a_path_of_bytes_that_are_no_text_is_shown(tmp_path: Path) -> None:
    state = bytes(tmp_path) + b"/st\xff"
    environment: dict[bytes, bytes] = {
        **{os.fsencode(name): os.fsencode(value) for name, value in Machine(tmp_path / "home").environment.items()},
        b"POST_TELEMETRY_STATE_DIR": state,
    }
    command = [*MODULE, "status", "--product", "post"]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=True)
    assert b"/st\\udcff" in done.stdout


def test_the_module_is_the_command(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    done = subprocess.run(
        [*MODULE, "status", "--product", "post"], env=machine.environment, capture_output=True, check=True
    )
    assert done.stdout.decode() == machine.footfall("status", "--product", "post")
    helped = subprocess.run([*MODULE, "--help"], env=machine.environment, capture_output=True, check=True)
    assert helped.stdout.startswith(b"usage: footfall ")
