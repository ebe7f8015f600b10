"""The repository's own programs give contributors useful messages."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.setup.find_chromium import find
from scripts.setup.pythons import interpreter
from tests.docs.pages import ROOT


def script(name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ROOT / "scripts" / name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


OTHER_SUITES = """
import sys
import noxfile
noxfile.DEADLINE = 0
for name, budget, *command in (
    ("good", 1, "-c", ""),
    ("bad", 0, "-c", "raise SystemExit(3)"),
    ("empty", 1, "-c", "raise SystemExit(5)"),
    ("slow", 1, "-c", "import time; time.sleep(60)"),
):
    noxfile.define(noxfile.Suite(name, budget, ((sys.executable, *command),)))
"""
"""Small suites in front of the repository's own, after the run's time is over: each still has a second."""


def nox(*arguments: str, noxfile: Path = ROOT / "noxfile.py") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "nox", "--noxfile", str(noxfile), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_each_suite_has_a_line_in_the_table_and_the_last_line_counts_them(tmp_path: Path) -> None:
    (tmp_path / "suites.py").write_text(OTHER_SUITES)
    ended = nox("-s", "good", "bad", "empty", "slow", noxfile=tmp_path / "suites.py")
    assert ended.returncode == 1
    lines = ended.stdout.splitlines()
    assert lines[-1] == "suites: 1 passed, 3 failed"
    table = {line.split()[0]: line for line in lines[-6:-2]}
    assert list(table) == ["good", "bad", "empty", "slow"]
    assert [name for name, line in table.items() if "FAILED" in line] == ["bad", "empty", "slow"]
    assert [name for name, line in table.items() if "over budget" in line] == ["bad"]
    for reason in ("exit code 3", "there are no tests: is the path in noxfile.py right?", "90 minutes are over"):
        assert reason in ended.stderr


SECOND_TRY = """
import sys
import noxfile
for name in ("unstable", "broken"):
    path = f"{sys.path[0]}/test_{name}.py"
    noxfile.define(noxfile.Suite(name, 1, ((sys.executable, "-m", "pytest", path),)))
"""
UNSTABLE = """
from pathlib import Path

def test_that_passes(): ...

def test_that_fails_once():
    tried = Path(__file__).with_name("tried")
    again = tried.exists()
    tried.touch()
    assert again
"""


def test_a_test_that_fails_runs_once_more_alone_and_the_table_tells_of_it(tmp_path: Path) -> None:
    (tmp_path / "suites.py").write_text(SECOND_TRY.replace("sys.path[0]", repr(str(tmp_path))))
    (tmp_path / "test_unstable.py").write_text(UNSTABLE)
    (tmp_path / "test_broken.py").write_text("def test_that_always_fails(): assert False")
    ended = nox("-s", "unstable", "broken", noxfile=tmp_path / "suites.py")
    unstable, broken = (next(line for line in ended.stdout.splitlines() if line.startswith(n)) for n in ("uns", "bro"))
    assert "1 passed at the second try only" in unstable
    assert "FAILED" not in unstable
    assert "FAILED" in broken
    assert ended.stdout.count("again, alone:") == 2
    assert ended.stdout.splitlines()[-1] == "suites: 1 passed, 1 failed"


def test_the_program_that_takes_pictures_explains_itself() -> None:
    said = script("demo/picture.py", "--help")
    assert said.returncode == 0
    assert "scripts/demo/picture.py http://127.0.0.1:9000" in said.stdout


def test_a_suite_that_does_not_exist_is_refused_and_the_list_names_those_that_do() -> None:
    refused = nox("-s", "nope")
    assert refused.returncode == 3
    assert "Sessions not found: nope" in refused.stderr
    assert "suites:" not in refused.stdout
    listed = {line.split()[1] for line in nox("--list").stdout.splitlines() if line[:2] in ("* ", "- ")}
    assert {"check", "client", "system", "sdks"} < listed


def test_the_chromium_that_is_there_is_named() -> None:
    said = script("setup/find_chromium.py")
    assert (said.returncode, said.stdout) == (0, f"{find()}\n")


def made(python: str | Path, place: Path) -> "subprocess.CompletedProcess[str]":
    """`make setup` in an empty folder with a Python."""
    shutil.copy(ROOT / "Makefile", place)
    for name in ("requirements-uv.txt", "requirements.txt", "pyproject.toml"):
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
