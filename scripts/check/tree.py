"""The files that the rules apply to."""

import ast
import functools
import os
from collections.abc import Iterator
from pathlib import Path

DISTRIBUTIONS = ("client/src/footfall", "collector/src/footfall_collector")
"""The two trees that are installed."""
NOT_OURS = {"__pycache__", "node_modules", "vendor", "given"}
"""Folders of others' files, and of documents that tests are given."""


def folders(root: Path, *below: str) -> Iterator[Path]:
    """Every folder of ours below these, or below the repository's root; hidden ones are left out."""
    for start in below or (".",):
        for folder, names, _ in os.walk(root / start):
            names[:] = sorted(n for n in names if not n.startswith(".") and n not in NOT_OURS and _is_ours(folder, n))
            yield Path(folder)


def files(root: Path, endings: tuple[str, ...], *below: str) -> Iterator[Path]:
    """Every file of ours with one of these endings."""
    for folder in folders(root, *below):
        yield from sorted(path for path in folder.iterdir() if path.suffix in endings and path.is_file())


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _is_ours(folder: str, name: str) -> bool:
    return not name.endswith(".egg-info") and name not in {"build", "dist"} and not os.path.islink(f"{folder}/{name}")
