"""The public API: every public name is in `__all__`, importable and documented, and no release takes one away."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.tests.package.public_api import (
    PUBLIC_MODULES,
    ROOT,
    additions,
    breaking_changes,
    current_api,
    released_api,
)

PUBLIC = [(module, name) for module in PUBLIC_MODULES for name in importlib.import_module(module).__all__]
PAGE = (ROOT / "docs/instrument.md").read_text("utf-8")
FOR_USERS = [
    *(ROOT / "docs").glob("*.md"),
    ROOT / "README.md",
    ROOT / "client/README.md",
    *(ROOT / "examples").rglob("*.py"),
]


@pytest.mark.parametrize(("module", "name"), PUBLIC, ids=lambda part: part)
def test_a_public_name_is_importable_and_documented(module: str, name: str) -> None:
    value = getattr(importlib.import_module(module), name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert inspect.getdoc(value)
        assert value.__module__.split(".")[0] == "footfall"
    section = PAGE.partition("## Public API")[2]
    assert re.search(rf"`{name}`", section), f"name `{name}` under 'Public API' in docs/instrument.md"


@pytest.mark.parametrize("module", PUBLIC_MODULES)
def test_all_has_no_name_twice_and_every_name_that_type_checkers_see(module: str) -> None:
    imported = importlib.import_module(module)
    assert len(set(imported.__all__)) == len(imported.__all__)
    assert imported.__file__ is not None
    tree = ast.parse(Path(imported.__file__).read_text("utf-8"))
    for_type_checkers = {
        alias.name
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert for_type_checkers <= set(imported.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        imported.no_such_name  # noqa: B018 - reading it is the test


def imports(text: str) -> Iterator[tuple[str, str]]:
    """(module, name) of each `from footfall… import …` in a Python file, or in the code blocks of a page."""
    statement = re.compile(r"^\s*from (footfall(?:\.\w+)*) import (?:\(([^)]*)\)|([^(\n]*))$", re.MULTILINE)
    for module, in_parentheses, on_one_line in statement.findall(text):
        listed = in_parentheses or on_one_line
        for name in re.findall(r"\w+", re.sub(r"#.*| as \w+", "", listed)):
            yield module, name


@pytest.mark.parametrize("path", FOR_USERS, ids=lambda path: path.name)
def test_documents_and_examples_import_public_names_only(path: Path) -> None:
    assert set(imports(path.read_text("utf-8"))) <= set(PUBLIC)


def test_importing_the_package_and_its_adapters_loads_no_sdk_and_no_msgspec() -> None:
    script = (
        "import sys, footfall, footfall.mcp\n"
        "print(*sorted(m for m in sys.modules if m.split('.')[0] in ('footfall', 'msgspec', 'mcp', 'urllib3')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["footfall", "footfall.mcp", "footfall.version"]


def test_nothing_of_the_last_release_is_gone_or_changed() -> None:
    release, released = released_api()
    now = current_api()
    print(f"new since {release}:", *additions(released, now), sep="\n  ")
    announced = "".join(path.read_text("utf-8") for path in (ROOT / "changelog.d").glob("*.removed.md"))
    broken = [change for change in breaking_changes(released, now) if f"`{change.split(': ')[0]}`" not in announced]
    assert not broken, (
        f"the public API of {release} has changed in a way that breaks its callers:\n  "
        + "\n  ".join(broken)
        + "\nKeep the old form working. If a change is meant, announce it in a changelog.d/NAME.removed.md fragment, "
        f"which names `{broken[0].split(': ')[0]}` in backticks."
    )


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("class Flag:", "class Switch:", "footfall.catalogue.Flag: Public object was removed"),
        ("write_key: str = ..., ", "", "footfall.Product.__init__(write_key): Parameter was removed"),
        ("def flush(self, timeout: float", "def flush(self, seconds: float", "footfall.Telemetry.flush(timeout): "),
        ("telemetry: Any, tools", "telemetry: Any, name: str, tools", "footfall.mcp.instrument(name): "),
        ("maximum: int)", "maximum: int, step: int)", "footfall.catalogue.Amount.__init__(step): "),
    ],
)
def test_a_removal_and_a_changed_signature_are_breaking_changes(old: str, new: str, change: str) -> None:
    now = current_api()
    changed = {module: [line.replace(old, new) for line in lines] for module, lines in now.items()}
    assert any(line.startswith(change) for line in breaking_changes(now, changed))
    assert breaking_changes(now, now) == []


def test_an_addition_is_no_breaking_change() -> None:
    now = current_api()
    more = {**now, "footfall.mcp": [*now["footfall.mcp"], "def detach(server: Any) -> None: ..."]}
    assert breaking_changes(now, more) == []
    assert additions(now, more) == ["footfall.mcp.detach"]
