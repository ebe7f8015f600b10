"""Builds the wheels and sdists of both distributions, byte for byte the same each time.

python scripts/release/packages.py FOLDER

Times inside the archives are SOURCE_DATE_EPOCH, which is the last commit's time unless it is set. The build tools
are pinned by hash in deploy/images/build.txt.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DISTRIBUTIONS = ("client", "collector")


def commit_time(root: Path) -> str:
    """The last commit's time in seconds; 1980-01-01, the oldest that a wheel can hold, where there is no git."""
    git = ("git", "-C", str(root), "log", "-1", "--format=%ct")
    done = subprocess.run(git, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "315532800"


def pinned(root: Path) -> list[str]:
    """The versions that everything is tested with, as `name==version ; marker`.

    They have no hashes: an installer that is given one asks for all, and a wheel just built has none.
    """
    text = (root / "requirements.txt").read_text(encoding="utf-8")
    return [line.strip() for line in re.findall(r"^[a-z0-9][^\s=]*==[^\\\n]*", text, re.MULTILINE)]


def build(root: Path, folder: Path) -> list[Path]:
    """Build into a folder; the files. Raises subprocess.CalledProcessError, after the builder has said why."""
    environment = {"SOURCE_DATE_EPOCH": commit_time(root), **os.environ}
    uv = Path(sys.executable).parent / "uv"
    for name in DISTRIBUTIONS:
        pins = root / "deploy/images/build.txt"
        command = [str(uv), "build", "--quiet", "--no-config", "--python", sys.executable]
        command += ["--build-constraints", str(pins), "--require-hashes", "--out-dir", str(folder), str(root / name)]
        subprocess.run(command, env=environment, check=True)
    return sorted(path for path in folder.iterdir() if path.suffix in (".whl", ".gz"))


def main(arguments: list[str]) -> int:
    """Build and name what was made; 2 for wrong arguments."""
    if len(arguments) != 1:
        print("usage: python scripts/release/packages.py FOLDER", file=sys.stderr)
        return 2
    for path in build(ROOT, Path(arguments[0]).absolute()):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
