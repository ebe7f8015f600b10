"""The Python versions that a distribution supports, and their locations on this machine.

python scripts/setup/pythons.py    list them

A distribution is for the versions that its classifiers name. They are looked for on the PATH, among pyenv's and among
uv's; nothing is downloaded.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
_CLASSIFIER = re.compile(r'"Programming Language :: Python :: (3\.\d+)"')


def supported(distribution: str) -> list[str]:
    """The versions that a distribution's folder claims, as `3.N`, oldest first."""
    text = (ROOT / distribution / "pyproject.toml").read_text(encoding="utf-8")
    return sorted(_CLASSIFIER.findall(text), key=lambda version: int(version.partition(".")[2]))


def interpreter(version: str) -> Path | None:
    """A Python of that version which runs; None where there is none."""
    return next((path for path in _candidates(version) if _is(path, version)), None)


def _candidates(version: str) -> Iterator[Path]:
    if version == RUNNING:
        yield Path(sys.executable)
    yield from (Path(folder) / f"python{version}" for folder in os.get_exec_path())
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True)
    uv = Path(sys.executable).with_name("uv")
    if uv.exists():
        command = [str(uv), "python", "find", "--offline", "--no-config", "--managed-python", version]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            yield Path(done.stdout.strip())


def _is(path: Path, version: str) -> bool:
    if not path.is_file():
        return False
    # A shim of pyenv is a file for every version that it knows, and fails for all but the chosen ones.
    ask = [str(path), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        return subprocess.run(ask, capture_output=True, text=True, timeout=30, check=False).stdout.strip() == version
    except OSError:
        return False


def main() -> int:
    """Print a line for each version."""
    for version in supported("client"):
        print(f"{version}  {interpreter(version) or 'not on this machine'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
