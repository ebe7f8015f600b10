"""Every place that has the version, and how it is changed in all of them at once."""

import re
from dataclasses import dataclass
from pathlib import Path

VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
"""What a version looks like. Helm and Python write candidates in different ways, so there are none."""


class VersionError(Exception):
    """A place that does not have the version, or not the one that the others have."""


@dataclass(frozen=True)
class Place:
    """A file below the repository's root, and the text in it before and after the version, as often as `times`."""

    path: str
    before: str
    after: str
    times: int = 1

    def pattern(self) -> re.Pattern[str]:
        """What finds the version; its one group is the version."""
        return re.compile(re.escape(self.before) + rf"({VERSION.pattern})" + re.escape(self.after), re.MULTILINE)


# Manifests, kustomize bases and docs/openapi.json have it too: `make generate` makes them of these.
PLACES = (
    Place("client/pyproject.toml", '\nversion = "', '"'),
    Place("client/src/footfall/version.py", '__version__ = "', '"'),
    Place("collector/pyproject.toml", '\nversion = "', '"'),
    Place("collector/pyproject.toml", '"footfall==', '"'),
    Place("collector/src/footfall_collector/runtime/version.py", '__version__ = "', '"'),
    Place("deploy/helm/collector/Chart.yaml", "\nversion: ", "\n"),
    Place("deploy/helm/collector/Chart.yaml", 'appVersion: "', '"'),
    # The appVersion of the toolkit's chart is that of the toolkit, which is a product of its own.
    Place("deploy/helm/toolkit/Chart.yaml", "\nversion: ", "\n"),
    Place("deploy/compose/docker-compose.yml", "footfall/collector:", "\n", times=2),
    Place("deploy/README.md", "images.example.com/footfall/collector:", "", times=2),
    Place("docs/install.md", "images.example.com/footfall/collector:", "", times=2),
)


def current(root: Path) -> str:
    """The version that every place has.

    Raises:
        VersionError: a place has none, or they differ; the message names the place.
    """
    found = {place: _found(root, place) for place in PLACES}
    versions = set(found.values())
    if len(versions) > 1:
        told = "\n".join(f"  {version}  {place.path}" for place, version in found.items())
        raise VersionError(f"the places differ; make them agree before a release:\n{told}")
    return versions.pop()


def change(root: Path, version: str) -> None:
    """Write a version to every place. Raises VersionError where a place has none; then nothing was written."""
    current(root)
    for place in PLACES:
        path = root / place.path
        text = path.read_text(encoding="utf-8")
        path.write_text(place.pattern().sub(place.before + version + place.after, text), encoding="utf-8")


def order(version: str) -> tuple[int, ...]:
    """What versions are compared by. Raises VersionError for what is none."""
    parts = VERSION.fullmatch(version)
    if parts is None:
        raise VersionError(f"{version} is no version of ours: write it as 1.2.3")
    return tuple(int(part) for part in parts.groups())


def _found(root: Path, place: Place) -> str:
    said = [found[1] for found in place.pattern().finditer((root / place.path).read_text(encoding="utf-8"))]
    if len(said) != place.times or len(set(said)) != 1:
        expected = f"{place.before.strip()}VERSION{place.after.strip()}"
        raise VersionError(f"{place.path}: expected `{expected}` {place.times} time(s), found {said or 'none'}")
    return said[0]
