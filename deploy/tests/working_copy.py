"""A copy of the repository's current files with a separate Git history, for tests that change the repository."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from scripts.release.packages import ROOT

_NOBODY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Release Tests"), ("EMAIL", "release@example.com"))
}


@dataclass(frozen=True)
class WorkingCopy:
    """A git repository at `root`."""

    root: Path

    def git(self, *arguments: str) -> str:
        """What a git command prints."""
        command = ["git", "-C", str(self.root), *arguments]
        return subprocess.run(command, env=self._variables(), capture_output=True, text=True, check=True).stdout

    def release(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run the copy's own scripts/release."""
        command = [sys.executable, "scripts/release", *arguments]
        variables = {**self._variables(), **environment}
        return subprocess.run(
            command, cwd=self.root, env=variables, capture_output=True, text=True, timeout=200, check=False
        )

    def text(self, path: str) -> str:
        """The text of a file."""
        return (self.root / path).read_text(encoding="utf-8")

    def state(self) -> tuple[str, str, str]:
        """What a command that changes nothing leaves as it is."""
        return self.git("rev-parse", "HEAD"), self.git("status", "--porcelain", "--ignored"), self.git("tag")

    def _variables(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "UV_PUBLISH_"))}
        # Modules that the interpreter compiles would stand in `state` as changes.
        return kept | _NOBODY | {"GIT_CONFIG_GLOBAL": os.devnull, "PYTHONDONTWRITEBYTECODE": "1"}


def working_copy(place: Path) -> WorkingCopy:
    """All files of the repository that git knows or would, committed."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)
    copy = WorkingCopy(place)
    copy.git("init", "--quiet", "--initial-branch=main")
    copy.git("add", "--all")
    copy.git("commit", "--quiet", "--message", "All of it")
    return copy
