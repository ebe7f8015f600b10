"""`footfall init` begins a catalogue whose test passes, fails after a change, and replaces no file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from client.tests.cli.rig import COMMAND, Machine
from footfall.catalogue.loading import load_events


def init(place: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**Machine(place / "home").environment, "PATH": os.environ["PATH"]}
    command = [COMMAND, "init", *arguments]
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)


def run_new_test(place: Path) -> "subprocess.CompletedProcess[str]":
    """The new test, run as its author does."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_post_office_events.py"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # several of ours take seconds to load
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)


def test_its_test_passes_and_fails_after_a_change(tmp_path: Path) -> None:
    done = init(tmp_path, "--product", "post-office")
    assert (done.returncode, done.stderr) == (0, "")
    for step in (
        "python -m pytest test_post_office_events.py",
        "guide --product post-office --catalogue",
        "phc_post_o",
    ):
        assert step in done.stdout
    first = run_new_test(tmp_path)
    assert (first.returncode, "4 passed" in first.stdout) == (0, True), first.stdout
    path = tmp_path / "post_office_events.py"
    text = path.read_text()
    changed = text.replace('("pdf", "html", "csv")', '("html", "csv")').replace("    ] = False", "    ] = True")
    path.write_text(changed.replace('Amount("pages", 10_000)', 'Amount("pages", 5_000)'))
    again = run_new_test(tmp_path)
    assert (again.returncode, "2 failed, 2 passed" in again.stdout) == (1, True), again.stdout


def test_what_it_writes_is_clean_and_can_be_loaded(tmp_path: Path) -> None:
    said = init(tmp_path, "--product", "post", "--directory", "new/folder", "--json")
    files = ["new/folder/post_events.py", "new/folder/test_post_events.py"]
    assert json.loads(said.stdout) == {"product": "post", "files": files}
    (event,) = load_events(str(tmp_path / files[0]), "post")
    assert event.__struct_config__.tag == "report_made"
    checks = [["format", "--check"], ["check", "--select", "E,F,W,I,UP,B,RUF"]]
    for arguments in checks:
        command = [str(Path(sys.executable).with_name("ruff")), *arguments, "--isolated", "--line-length", "120", "."]
        ran = subprocess.run(command, cwd=tmp_path / "new/folder", capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("taken", ["post_events.py", "test_post_events.py"])
def test_no_file_is_replaced_and_none_is_written(taken: str, tmp_path: Path) -> None:
    (tmp_path / taken).write_text("mine")
    done = init(tmp_path, "--product", "post")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"footfall: {taken} exists, and nothing was written: move it away, or name another directory with --directory\n"
    )
    assert [path.name for path in tmp_path.glob("*.py")] == [taken]
    assert (tmp_path / taken).read_text() == "mine"


def test_what_can_not_be_done_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for arguments, says in (
        (("--product", "No Such"), "use lower-case words joined by '-'"),
        (("--product", "post", "--directory", "file"), "footfall: file: File exists"),
        (("--product", "post", "--directory", "file/below"), "Not a directory"),
    ):
        done = init(tmp_path, *arguments)
        assert (done.returncode, says in done.stderr, "Traceback" in done.stderr) == (1, True, False), done.stderr
