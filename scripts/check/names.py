"""Rules about names. The glossary's last section lists the words that no module may be named by."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from scripts.check.tree import DISTRIBUTIONS, files, parsed

GLOSSARY = "docs/glossary.md"
SECTION = "## Words that are not used for modules"
NOT_NAMES = frozenset({"of", "way", "take", "had", "found", "asked", "told", "said", "meant"})
"""Words that say nothing about what a function, a parameter or an attribute is."""


def defined_once(root: Path) -> Iterator[str]:
    """A class name is defined once in a distribution, private ones included."""
    for distribution in DISTRIBUTIONS:
        places: dict[str, list[str]] = defaultdict(list)
        for path in files(root, (".py",), distribution):
            for node in ast.walk(parsed(path)):
                if isinstance(node, ast.ClassDef):
                    places[node.name].append(f"{path.relative_to(root)}:{node.lineno}")
        for name, defined in places.items():
            for place in defined[1:]:
                yield f"{place}: class {name} is also defined at {defined[0]}; name one by what sets it apart"


def module_names(root: Path) -> Iterator[str]:
    """No module, and no folder of modules, has a name that the glossary gives up."""
    words = given_up((root / GLOSSARY).read_text(encoding="utf-8"))
    for path in files(root, (".py",)):
        # The directory that holds the repository may have any name.
        place = path.relative_to(root)
        for name in (place.stem.removeprefix("test_"), place.parent.name):
            if name in words:
                yield f"{place}: {GLOSSARY} gives up the name `{name}`; say what it holds"


def given_up(glossary: str) -> frozenset[str]:
    """The words of the glossary's last section.

    Raises:
        ValueError: the page has no such section, or it has no words.
    """
    _, _, section = glossary.partition(SECTION)
    words = frozenset(re.findall(r"\w+", section.split("\n## ")[0]))
    if not words:
        raise ValueError(f"{GLOSSARY} has no words below `{SECTION}`; write them there, with commas between")
    return words


def plain_names(root: Path) -> Iterator[str]:
    """No function, parameter or attribute of a distribution is named by a word that says nothing."""
    for path in files(root, (".py",), *DISTRIBUTIONS):
        for line, kind, name in _names(parsed(path)):
            if name.strip("_") in NOT_NAMES:
                yield f"{path.relative_to(root)}:{line}: {kind} `{name}` does not say what it is; name it by that"


def _names(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Line, kind and name of what a module defines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, "the function", node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, "the parameter", node.arg
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, "the attribute", node.attr
        elif isinstance(node, ast.ClassDef):
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                    yield field.lineno, "the attribute", field.target.id
