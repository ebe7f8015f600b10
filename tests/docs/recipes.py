"""The recipes of CONTRIBUTING.md, carried out in a copy of the repository.

A recipe is a section of `## Recipes`. The comment above each of its blocks says what the block does:

    creates=PATH                the block is a new file
    edit=PATH after="LINE"      the block goes below this line, which the file has exactly once
    edit=PATH after="LINE" until="END"   the block goes below the first line END after it
    edit=PATH before="LINE"     the block goes above it
    edit=PATH instead="LINE"    the block replaces it

A console block is run. The `text` block below it is what it prints, line by line; `…` stands for any text.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import ROOT, Block, blocks_of

PAGE = ROOT / "CONTRIBUTING.md"
SELF = "tests/docs/test_recipes.py"
SECONDS = 200
_PLACES = ("after", "before", "instead")


@dataclass(frozen=True)
class Step:
    """One block of a recipe; `prints` are the lines that a command must print."""

    block: Block
    prints: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The file that the step writes; empty for a command."""
        return self.block.how.get("edit") or self.block.how.get("creates", "")


def recipes() -> dict[str, list[Step]]:
    """The steps of each recipe by its heading."""
    headings = {
        number: line.removeprefix("### ")
        for number, line in enumerate(PAGE.read_text("utf-8").splitlines(), 1)
        if line.startswith("### ")
    }
    found: dict[str, list[Step]] = {}
    for block in blocks_of(PAGE):
        above = [title for number, title in headings.items() if number < block.line]
        if block.how.get("by") == SELF:
            found.setdefault(above[-1], []).append(Step(block))
        elif block.language == "text" and above and above[-1] in found:
            last = found[above[-1]].pop()
            found[above[-1]].append(Step(last.block, tuple(block.text.splitlines())))
    return found


def copy_of_repository(place: Path) -> Path:
    """Every file that git knows or would add, and the environment that the tests run in."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)
    (place / ".venv").symlink_to(Path(sys.executable).parent.parent)
    return place


def write(step: Step, copy: Path) -> None:
    """Do what a step that writes a file says. Fails where its line is missing or not the only one."""
    block, path = step.block, copy / step.path
    if "creates" in block.how:
        assert not path.exists(), f"{block.place}: {step.path} exists already"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8")
        return
    ((place, line),) = ((word, block.how[word]) for word in _PLACES if word in block.how)
    lines = path.read_text("utf-8").splitlines(keepends=True)
    places = [number for number, text in enumerate(lines) if text.strip() == line.strip()]
    assert len(places) == 1, f"{block.place}: {step.path} has {len(places)} lines like this, not one: {line}"
    at = places[0] + (place == "after")
    if "until" in block.how:
        at = next(number for number in range(at, len(lines)) if lines[number].strip() == block.how["until"]) + 1
    lines[at : at + (place == "instead")] = [block.text]
    path.write_text("".join(lines), "utf-8")


def run(step: Step, copy: Path) -> "subprocess.CompletedProcess[str]":
    """Run a step's commands in the copy, with the copy's packages in front of the installed ones."""
    sources = (copy / name / "src" for name in ("client", "collector", "examples/toolkit"))
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, sources)),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    for name in ("PYTEST_CURRENT_TEST", "PYTEST_VERSION", "PYTEST_XDIST_WORKER"):
        environment.pop(name, None)
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", step.block.text],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def missing(step: Step, printed: str) -> list[str]:
    """The lines of the step's `text` block that the command did not print."""
    return [line for line in step.prints if not re.search(_pattern(line), printed, re.MULTILINE)]


def _pattern(line: str) -> str:
    return "^" + ".*".join(re.escape(part) for part in line.split("…")) + "$"
