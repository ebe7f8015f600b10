"""The version: bump-my-version writes it to every place that pyproject.toml names ([tool.bumpversion])."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
"""The format of a version. Helm and Python write release candidates differently, so there are none."""
BUMP = Path(sys.executable).parent / "bump-my-version"


class VersionError(Exception):
    """An invalid version, or a place whose version differs from pyproject.toml."""


def places(root: Path) -> list[str]:
    """The files that have the version, besides pyproject.toml itself."""
    return sorted({file["filename"] for file in _settings(root)["files"]})


def current(root: Path) -> str:
    """The version that every place has.

    Raises:
        VersionError: a place does not have it; the message names the place.
    """
    _bump(root, "--dry-run", "0.0.0")
    return str(_settings(root)["current_version"])


def change(root: Path, version: str) -> None:
    """Write a version to every place. Raises VersionError, without a change, if a place lacks the current one."""
    _bump(root, "--no-commit", version)


def order(version: str) -> tuple[int, ...]:
    """The sort key of a version. Raises VersionError if it is invalid."""
    parts = VERSION.fullmatch(version)
    if parts is None:
        raise VersionError(f"{version} is no version of ours: write it as 1.2.3")
    return tuple(int(part) for part in parts.groups())


def _settings(root: Path) -> dict[str, Any]:
    settings: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "bumpversion"
    ]
    return settings


def _bump(root: Path, option: str, version: str) -> None:
    command = [str(BUMP), "bump", option, "--new-version", version]
    wide = {**os.environ, "COLUMNS": "300", "TERM": "dumb"}  # its messages are not broken into lines
    done = subprocess.run(command, cwd=root, env=wide, capture_output=True, text=True, check=False)
    if done.returncode:
        raise VersionError(f"the places differ; make them agree before a release:\n{done.stdout}{done.stderr}")
