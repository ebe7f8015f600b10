"""Rules about sizes: limits on lines, functions and folders."""

import ast
from collections.abc import Iterator
from pathlib import Path

from scripts.check.tree import DISTRIBUTIONS, files, folders, parsed

ENTRIES, LINES, FUNCTION_LINES = 12, 300, 40
NOT_COUNTED = {"__init__.py", "__main__.py", "version.py", "py.typed", "__pycache__"}
TEXTS = (".py", ".js", ".ts", ".css", ".html", ".j2", ".sql")


def entries(root: Path) -> Iterator[str]:
    """A folder of code has at most 12 entries."""
    for folder in folders(root, *DISTRIBUTIONS, "scripts", "bench"):
        names = [path.name for path in folder.iterdir() if path.name not in NOT_COUNTED and path.name[0] != "."]
        if len(names) > ENTRIES:
            problem = f"{len(names)} entries, at most {ENTRIES}"
            yield f"{folder.relative_to(root)}: {problem}; make a folder of those that belong together"


def file_lengths(root: Path) -> Iterator[str]:
    """A file has at most 300 lines."""
    for path in files(root, TEXTS):
        count = len(path.read_text(encoding="utf-8").splitlines())
        if count > LINES:
            yield f"{path.relative_to(root)}: {count} lines, at most {LINES}; split it by subject"


def function_lengths(root: Path) -> Iterator[str]:
    """A function has at most 40 lines, decorators and docstring included."""
    for path in files(root, (".py",)):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                count = (node.end_lineno or node.lineno) - node.lineno + 1
                if count > FUNCTION_LINES:
                    place = f"{path.relative_to(root)}:{node.lineno}"
                    yield f"{place}: `{node.name}` has {count} lines, at most {FUNCTION_LINES}; take a step out of it"
