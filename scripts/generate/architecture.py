"""The drawing at the top of the architecture page: both packages, folder by folder, and an event's path through them.

The folders and their order are the import layers of `.importlinter`; what each is for is the first line of its
docstring. Plain ASCII, so that it can be searched and looks the same everywhere.
"""

import ast
import configparser
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import footfall
import footfall_collector

WIDTH = 76
"""Columns of the drawing: a wider one is cut off on a laptop."""
_NAME = 11
_STEP = 4


@dataclass(frozen=True)
class House:
    """One distribution: its package's folder, its contract in `.importlinter`, and the folders that an event passes."""

    title: str
    source: str
    package: Path
    contract: str
    path: tuple[str, ...]


CLIENT = House(
    "the MCP server's process",
    "client/src/footfall",
    Path(footfall.__file__).parent,
    "importlinter:contract:client",
    ("mcp", "record", "spool", "send"),
)
COLLECTOR = House(
    "the collector's process",
    "collector/src/footfall_collector",
    Path(footfall_collector.__file__).parent,
    "importlinter:contract:collector",
    ("receive", "admit", "journal", "store", "answer", "show"),
)


def drawing(root: Path) -> str:
    """The drawing as a code block. Raises ValueError where an event's path names a folder that is in no layer."""
    contracts = configparser.ConfigParser()
    contracts.read_string((root / ".importlinter").read_text(encoding="utf-8"))
    steps = len(CLIENT.path)
    lines = [
        f"tool call -> {_path(CLIENT, 1)} -> POST /batch/",
        f"{_path(COLLECTOR, steps + 1)} -> chart",
        "",
        *_house(CLIENT, _layers(contracts, CLIENT), 1),
        f"{'|':>{WIDTH // 2}}",
        f"{'|':>{WIDTH // 2}}  POST /batch/: PostHog's protocol, gzip JSON",
        f"{'v':>{WIDTH // 2}}",
        *_house(COLLECTOR, _layers(contracts, COLLECTOR), steps + 1),
    ]
    return "\n".join(["```text", *(line.rstrip() for line in lines), "```"])


def _layers(contracts: configparser.ConfigParser, house: House) -> list[list[str]]:
    """The names of each layer, from the top."""
    text = contracts[house.contract]["layers"]
    layers = [[name.strip() for name in line.split("|")] for line in text.split("\n") if line.strip()]
    missing = set(house.path) - {name for layer in layers for name in layer}
    if missing:
        raise ValueError(f"scripts/generate/architecture.py: no layer of {house.contract} is {', '.join(missing)}")
    return layers


def _path(house: House, first: int) -> str:
    return " -> ".join(f"{number} {name}" for number, name in enumerate(house.path, first))


def _house(house: House, layers: Sequence[list[str]], first: int) -> Iterator[str]:
    yield _ruled(f" {house.title}: {house.source} ")
    for number, layer in enumerate(layers):
        if number:
            yield _boxed("")
        for name in layer:
            step = f"{house.path.index(name) + first}." if name in house.path else ""
            said, folders = _description(house.package, name)
            texts = textwrap.wrap(said, WIDTH - _NAME - _STEP - 5)
            if folders:
                texts += textwrap.wrap(f"folders: {', '.join(folders)}", WIDTH - _NAME - _STEP - 5)
            for at, text in enumerate(texts):
                yield _boxed(f"{'' if at else step:<{_STEP}}{'' if at else name:<{_NAME}} {text}")
    yield _ruled("")


def _ruled(title: str) -> str:
    return f"+-{title:-<{WIDTH - 3}}+"


def _boxed(text: str) -> str:
    return f"| {text:<{WIDTH - 4}} |"


def _description(package: Path, name: str) -> tuple[str, list[str]]:
    """The first line of a module's or folder's docstring, and the folders inside it."""
    folder = package / name
    source = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    said = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8")))
    if not said:
        raise ValueError(f"{source} needs a docstring: its first line stands in docs/architecture.md")
    inside = sorted(path.parent.name for path in folder.glob("*/__init__.py"))
    return said.splitlines()[0].replace("`", ""), inside
