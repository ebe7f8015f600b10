"""Rules about packages."""

import ast
from collections.abc import Iterator
from pathlib import Path

from scripts.check.sizes import NOT_COUNTED
from scripts.check.tree import DISTRIBUTIONS, folders, parsed

CONTENTS = "say what the package is for, its files' order, what it promises and who may import it"
FEWEST_LINES, MOST_LINES = 3, 10
FEWEST_MODULES = 2


def first_lines(root: Path) -> Iterator[str]:
    """A package begins with a docstring of 3 to 10 lines."""
    for package in _packages(root):
        start = package / "__init__.py"
        count = len((ast.get_docstring(parsed(start)) or "").splitlines())
        if not FEWEST_LINES <= count <= MOST_LINES:
            problem = f"a docstring of {count} lines, not {FEWEST_LINES} to {MOST_LINES}"
            yield f"{start.relative_to(root)}:1: {problem}; {CONTENTS}"


def modules_enough(root: Path) -> Iterator[str]:
    """A package has more than one module."""
    for package in _packages(root):
        inner = [
            path
            for path in package.iterdir()
            if path.name not in NOT_COUNTED and (path.suffix == ".py" or (path / "__init__.py").exists())
        ]
        if len(inner) < FEWEST_MODULES:
            yield f"{package.relative_to(root)}: a package with a single module; move the module to the package above"


def _packages(root: Path) -> Iterator[Path]:
    return (folder for folder in folders(root, *DISTRIBUTIONS) if (folder / "__init__.py").exists())
