"""What the repository's own programs say to whoever works on it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.setup.find_chromium import find
from scripts.setup.pythons import interpreter
from scripts.suites import SUITES
from tests.docs.pages import ROOT


def script(name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ROOT / "scripts" / name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_program_that_takes_pictures_explains_itself() -> None:
    said = script("demo/picture.py", "--help")
    assert said.returncode == 0
    assert "scripts/demo/picture.py http://127.0.0.1:9000" in said.stdout


def test_a_suite_that_does_not_exist_is_answered_with_those_that_do() -> None:
    said = script("suites.py", "nope")
    assert said.returncode == 2
    assert f"no suite named nope; there are {', '.join(suite.name for suite in SUITES)}" in said.stderr


def test_the_chromium_that_is_there_is_named() -> None:
    said = script("setup/find_chromium.py")
    assert (said.returncode, said.stdout) == (0, f"{find()}\n")


def made(python: str | Path, place: Path) -> "subprocess.CompletedProcess[str]":
    """`make setup` in an empty folder with a Python."""
    shutil.copy(ROOT / "Makefile", place)
    for name in ("requirements.txt", "pyproject.toml"):
        (place / name).touch()
    for name in ("client", "collector", "examples/toolkit"):
        (place / name).mkdir(parents=True)
        (place / name / "pyproject.toml").touch()
    command = ["make", "setup", f"PYTHON={python}"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(place)}
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("version", ["3.10", "none"])
def test_a_python_that_is_too_old_is_refused_and_leaves_no_environment(version: str, tmp_path: Path) -> None:
    python = Path("python-of-nobody") if version == "none" else interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine")
    said = made(python, tmp_path)
    assert said.returncode != 0
    assert f"{python} is older than 3.11, or not there: make PYTHON=python3.11" in said.stderr
    assert not (tmp_path / ".venv").exists()
