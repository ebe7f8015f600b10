"""The steps of a release, in order. Read-only steps come first, so that a dry run executes them too."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .checked_packages import BIN, pack
from .versions import change, current, order, places

SOURCES = ("client/src", "collector/src", "examples/toolkit/src")
KINDS = ("added", "changed", "fixed", "removed", "security")


class ReleaseError(Exception):
    """An obstacle to a release; the message says what to do."""


@dataclass(frozen=True)
class Step:
    """One step: its title, its action, and whether the action changes anything (or takes long)."""

    says: str
    do: Callable[[], object]
    changes: bool = True


@dataclass(frozen=True)
class Release:
    """A release of the repository at `root`; `checks` is the command that has to succeed before."""

    root: Path
    version: str
    checks: str

    @property
    def tag(self) -> str:
        """Its tag."""
        return f"v{self.version}"

    @property
    def dist(self) -> Path:
        """The folder of its packages; git keeps it out."""
        return self.root / "dist"

    def run(self, *command: str) -> str:
        """Run a command in the repository, with the repository's own sources; what it prints.

        Raises:
            ReleaseError: it failed; the message has its output.
        """
        own = os.pathsep.join(str(self.root / source) for source in SOURCES)
        environment = {**os.environ, "PYTHONPATH": own}
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ReleaseError(f"`{shlex.join(command)}` failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def run_checks(self) -> None:
        """Run the checks, whose output is shown. Raises ReleaseError where they fail."""
        if subprocess.run(shlex.split(self.checks), cwd=self.root, check=False).returncode:
            raise ReleaseError(f"`{self.checks}` failed; nothing was changed")


def steps(release: Release) -> Sequence[Step]:
    """All steps up to the tag; then the commands that publish it are printed."""
    version, python = release.version, sys.executable
    named = ", ".join(places(release.root))
    generated = (python, "scripts/generate")
    public_api = (python, "client/tests/package/public_api.py", "--write")
    towncrier = (str(BIN / "towncrier"), "build", "--yes", "--version", version)
    return (
        Step("look whether the working copy is clean, and dist empty", lambda: _clean(release), changes=False),
        Step(f"look whether {version} can come next", lambda: _next(release), changes=False),
        Step("look for changelog fragments", lambda: print(_fragments(release)), changes=False),
        Step(f"run the checks: {release.checks}", release.run_checks),
        Step(f"write {version} to {named}", lambda: change(release.root, version)),
        Step("refresh what is generated of it: make generate", lambda: release.run(*generated)),
        Step("store the public API, which later changes are compared with", lambda: release.run(*public_api)),
        Step("gather changelog.d into CHANGELOG.md", lambda: release.run(*towncrier)),
        Step("commit", lambda: _commit(release)),
        Step(
            "build wheels and sdists twice and compare them, check them, write bills of materials, to dist",
            lambda: _pack(release),
        ),
        Step(f"tag {release.tag}", lambda: release.run("git", "tag", "-a", "-m", f"Footfall {version}", release.tag)),
        Step("leave publishing to you:\n" + _told(release), lambda: None, changes=False),
    )


def publish(release: Release) -> Sequence[Step]:
    """Push and upload the results of `steps`."""
    return (
        Step(f"look whether {release.tag} was made and its packages are in dist", lambda: _made(release), False),
        *(Step(f"run: {shlex.join(command)}", _shown(release, command)) for command in _commands(release)),
    )


def _clean(release: Release) -> None:
    if changed := release.run("git", "status", "--porcelain"):
        raise ReleaseError(f"the working copy is not clean; commit these or put them away:\n{changed}")
    if release.dist.exists() and any(release.dist.iterdir()):
        raise ReleaseError(f"{release.dist} holds packages of before; remove it, so that none of them is published")


def _next(release: Release) -> None:
    now = current(release.root)
    # The first release has the version that is already in the files.
    first = not release.run("git", "tag", "--list", "v*")
    if order(release.version) < order(now) or (order(release.version) == order(now) and not first):
        raise ReleaseError(f"{release.version} does not come after {now}, which everything has now")
    if release.run("git", "tag", "--list", release.tag):
        raise ReleaseError(f"the tag {release.tag} exists; choose the next version")


def _fragments(release: Release) -> str:
    """The next changelog. Raises ReleaseError if there are no fragments, or one is misnamed."""
    found = sorted(path.name for path in (release.root / "changelog.d").glob("*") if path.suffix == ".md")
    wrong = [name for name in found if name.count(".") != 2 or name.split(".")[1] not in KINDS]
    if wrong:
        raise ReleaseError(
            f"changelog.d has {', '.join(wrong)}: name them NAME.TYPE.md, TYPE one of {', '.join(KINDS)}"
        )
    if not found:
        raise ReleaseError("changelog.d has no fragment: there is nothing to release")
    return release.run(str(BIN / "towncrier"), "build", "--draft", "--version", release.version)


def _commit(release: Release) -> None:
    release.run("git", "add", "--all")
    release.run("git", "commit", "--quiet", "--message", f"Release {release.version}")


def _pack(release: Release) -> None:
    for path in pack(release.root, release.dist, release.version):
        print(f"  {path.relative_to(release.root)}")


def _made(release: Release) -> None:
    if not release.run("git", "tag", "--list", release.tag):
        raise ReleaseError(f"there is no tag {release.tag}: run `python scripts/release {release.version}` first")
    if not _packages(release):
        raise ReleaseError(f"dist has no package of {release.version}: check out {release.tag} and build them again")
    if not {"UV_PUBLISH_TOKEN", "UV_PUBLISH_PASSWORD", "UV_PUBLISH_TRUSTED_PUBLISHING"} & os.environ.keys():
        raise ReleaseError("nobody said who publishes: set UV_PUBLISH_TOKEN to a token of the package registry")


def _packages(release: Release) -> list[str]:
    version = release.version
    names = (f"footfall-{version}", f"footfall_collector-{version}")
    found = [path for name in names for path in release.dist.glob(f"{name}*") if path.suffix in (".whl", ".gz")]
    return sorted(str(path.relative_to(release.root)) for path in found)


def _commands(release: Release) -> list[list[str]]:
    push = ["git", "push", "--atomic", "origin", "HEAD", release.tag]
    return [push, [str(BIN / "uv"), "publish", *_packages(release)]]


def _told(release: Release) -> str:
    """The commands as a person would type them."""
    return (
        f"  git push --atomic origin HEAD {release.tag}\n"
        f"  UV_PUBLISH_TOKEN=… uv publish dist/*-{release.version}*\n"
        f"or both by: UV_PUBLISH_TOKEN=… python scripts/release --publish {release.version}"
    )


def _shown(release: Release, command: list[str]) -> Callable[[], None]:
    return lambda: print(release.run(*command), end="")
