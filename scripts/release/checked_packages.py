"""The contents of a release: reproducible, checked packages with their bills of materials."""

import base64
import csv
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from packaging.metadata import Metadata

from scripts.release.packages import build, commit_time, pinned

BIN = Path(sys.executable).parent
SUMS = "SHA256SUMS"
BILLS = {"client": "footfall", "collector": "footfall-collector"}
"""A distribution's folder, and the name of its bill of materials."""


class PackageError(Exception):
    """A package that must not be published; the message says why."""


def pack(root: Path, folder: Path, version: str) -> list[Path]:
    """Build, build again, compare, check and describe; the files to publish.

    Also writes a bill of materials for each distribution, and SHA256SUMS of everything.

    Raises:
        PackageError: the builds differ, or a package is not as it should be.
    """
    files = build(root, folder)
    with tempfile.TemporaryDirectory() as again:
        compare(files, build(root, Path(again)))
    for path in files:
        check(path, version)
    wheels = [path for path in files if path.suffix == ".whl"]
    client = [path for path in wheels if path.name.startswith("footfall-")]
    bills = [_bill(root, "client", client, folder), _bill(root, "collector", wheels, folder)]
    lines = [f"{_sha256(path).hex()}  {path.name}\n" for path in sorted([*files, *bills])]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")
    return files


def compare(first: list[Path], second: list[Path]) -> None:
    """Nothing, where both have the same names and bytes. Raises PackageError with the names that differ."""
    one, two = ({path.name: _sha256(path) for path in files} for files in (first, second))
    if different := sorted(name for name in one.keys() | two.keys() if one.get(name) != two.get(name)):
        raise PackageError(f"two builds of the same commit differ in {', '.join(different)}")


def check(path: Path, version: str) -> None:
    """Check for faults that a registry would reject, and for those that it would not notice.

    Raises:
        PackageError: metadata are not valid or name another version, there is no description in Markdown or no
            licence, or a wheel's files are not those that its RECORD lists.
    """
    try:
        said = Metadata.from_email(_metadata(path), validate=True)
    except ExceptionGroup as group:
        raise PackageError(f"{path.name}: {'; '.join(str(error) for error in group.exceptions)}") from group
    if str(said.version) != version:
        raise PackageError(f"{path.name}: its metadata say {said.version}, the release is {version}")
    if not said.description or not str(said.description_content_type).startswith("text/markdown"):
        raise PackageError(f"{path.name}: it has no description in Markdown; is `readme` in its pyproject.toml?")
    if not said.license_expression or not said.license_files:
        raise PackageError(f"{path.name}: it has no licence; are `license` and `license-files` in its pyproject.toml?")
    if path.suffix == ".whl":
        _check_record(path)


def _metadata(path: Path) -> bytes:
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            (name,) = [n for n in wheel.namelist() if n.endswith(".dist-info/METADATA")]
            return wheel.read(name)
    with tarfile.open(path) as sdist:
        (member,) = [m for m in sdist if re.fullmatch(r"[^/]+/PKG-INFO", m.name)]
        file = sdist.extractfile(member)
        assert file is not None, "a regular file can be read"
        return file.read()


def _check_record(path: Path) -> None:
    with zipfile.ZipFile(path) as wheel:
        (record,) = [n for n in wheel.namelist() if n.endswith(".dist-info/RECORD")]
        listed = {row[0]: row[1] for row in csv.reader(wheel.read(record).decode().splitlines())}
        for name in {*wheel.namelist(), *listed} - {record}:
            digest = base64.urlsafe_b64encode(hashlib.sha256(wheel.read(name)).digest()).rstrip(b"=").decode()
            if listed.get(name) != f"sha256={digest}":
                raise PackageError(f"{path.name}: {name} is not what its RECORD says")


def _bill(root: Path, project_folder: str, wheels: list[Path], folder: Path) -> Path:
    """The bill of materials of an environment with a distribution's wheels and the versions that are tested."""
    target = folder / f"{BILLS[project_folder]}.cdx.json"
    with tempfile.TemporaryDirectory() as place:
        python, pins = Path(place) / "venv/bin/python", Path(place) / "pins.txt"
        pins.write_text("\n".join(pinned(root)), encoding="utf-8")
        uv = (str(BIN / "uv"), "--quiet", "--no-config")
        _run([*uv, "venv", "--python", sys.executable, f"{place}/venv"])
        install = ("pip", "install", "--python", str(python), "--constraint", str(pins))
        _run([*uv, *install, *map(str, wheels)])
        # Installed from an index, so that the bill does not name this machine's folder as their source.
        again = ("--reinstall", "--no-deps", "--no-index", "--find-links", str(folder))
        names = [path.name.split("-")[0] for path in wheels]
        _run([*uv, *install, *again, *names])
        # In a separate environment: it brings all formats of jsonschema, with which every process that imports the MCP
        # SDK starts two seconds later.
        _run([*uv, "venv", "--python", sys.executable, f"{place}/tools"])
        tools = ("pip", "install", "--python", f"{place}/tools/bin/python", "--require-hashes", "--requirement")
        _run([*uv, *tools, str(root / "deploy/images/build.txt")])
        bill = ("environment", "--output-reproducible", "--short-PURLs", "--spec-version", "1.5")
        project = ("--pyproject", str(root / project_folder / "pyproject.toml"))
        epoch = {"SOURCE_DATE_EPOCH": commit_time(root)}
        _run([f"{place}/tools/bin/cyclonedx-py", *bill, *project, "--output-file", str(target), str(python)], epoch)
    return target


def _run(command: list[str], variables: dict[str, str] | None = None) -> None:
    environment = {**os.environ, **(variables or {})}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackageError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def _sha256(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()
