"""The published wheels and sdists are reproducible byte for byte and hold the expected files."""

import hashlib
import os
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from deploy.tests.once import built_packages
from scripts.release.packages import DISTRIBUTIONS, ROOT, build, commit_time


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The packages of the repository as it is."""
    return sorted(path for path in built_packages(tmp_path_factory).iterdir() if path.suffix in (".whl", ".gz"))


def digests(files: list[Path]) -> dict[str, str]:
    """Names and SHA-256 of files."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_second_build_elsewhere_and_at_another_time_gives_the_same_bytes(
    built: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", commit_time(ROOT))
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info", "node_modules")
    for name in DISTRIBUTIONS:
        shutil.copytree(ROOT / name, tmp_path / "copy" / name, ignore=ignore)
    (tmp_path / "copy/deploy/images").mkdir(parents=True)
    shutil.copy(ROOT / "deploy/images/build.txt", tmp_path / "copy/deploy/images")
    # What git does not keep is not packed, and the list of it is.
    shutil.copy(ROOT / ".gitignore", tmp_path / "copy")
    (tmp_path / "copy/.git").mkdir()
    for path in (tmp_path / "copy").rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    assert digests(build(tmp_path / "copy", tmp_path / "again")) == digests(built)


def test_there_is_a_wheel_and_an_sdist_of_each_and_they_are_typed(built: list[Path]) -> None:
    assert [path.name.split("-")[0] for path in built] == ["footfall", "footfall", *["footfall_collector"] * 2]
    for wheel in (path for path in built if path.suffix == ".whl"):
        names = zipfile.ZipFile(wheel).namelist()
        assert [n for n in names if n.endswith("/py.typed")]
        assert [n for n in names if n.endswith("licenses/LICENSE")]
        assert [n for n in names if "/tests/" in n or n.endswith(".pyc")] == []


def test_the_collectors_wheel_holds_everything_that_is_no_python(built: list[Path]) -> None:
    """Queries, templates, styles, scripts: what its source has, its wheel has."""
    source = ROOT / "collector/src"
    there = {
        p.relative_to(source).as_posix() for p in source.rglob("*") if p.is_file() and "__pycache__" not in p.parts
    }
    (wheel,) = [path for path in built if path.name.startswith("footfall_collector") and path.suffix == ".whl"]
    assert {n for n in there if ".egg-info/" not in n} - set(zipfile.ZipFile(wheel).namelist()) == set()


def test_an_sdist_holds_no_path_and_no_name_of_who_built_it(built: list[Path]) -> None:
    for sdist in (path for path in built if path.suffix == ".gz"):
        with tarfile.open(sdist) as archive:
            assert {(member.uname, member.gname, member.uid) for member in archive} == {("", "", 0)}
