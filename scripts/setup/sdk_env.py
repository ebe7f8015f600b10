"""Additional virtual environments: other MCP SDKs for the servers of the adapters' tests, and peers for measurements.

python scripts/setup/sdk_env.py                  make or refresh those that tests need; prints their names
python scripts/setup/sdk_env.py mcp1             one of them
python scripts/setup/sdk_env.py peer-sentry      one with a library that a measurement compares with
python scripts/setup/sdk_env.py --lock mcp1      resolve its NAME.in again and write the pins to NAME.txt next to it

Each NAME.txt in client/tests/mcp/environments (for tests) and bench/client/environments (for measurements) becomes
.venvs/NAME, with the client installed from this tree.
"""

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOR_TESTS = ROOT / "client/tests/mcp/environments"
FOR_MEASUREMENTS = ROOT / "bench/client/environments"
ENVIRONMENTS = ROOT / ".venvs"
UV = Path(sys.executable).with_name("uv")


def names(folder: Path = FOR_TESTS) -> list[str]:
    """The environments of a folder of pins."""
    return sorted(path.stem for path in folder.glob("*.txt"))


def pins_of(name: str) -> Path:
    """The file with an environment's pins."""
    return next(path for folder in (FOR_TESTS, FOR_MEASUREMENTS) if (path := folder / f"{name}.txt").exists())


def python_of(name: str) -> Path:
    """The path of an environment's interpreter, whether or not it exists."""
    return ENVIRONMENTS / name / "bin" / "python"


def make(name: str) -> Path:
    """Make an environment, or refresh it where its pins changed; its interpreter.

    Raises:
        subprocess.CalledProcessError: uv could not install it and has said why.
    """
    pins = pins_of(name)
    stamp = ENVIRONMENTS / name / ".pins"
    digest = hashlib.sha256(pins.read_bytes()).hexdigest()
    python = python_of(name)
    if stamp.exists() and stamp.read_text() == digest and python.exists():
        return python
    ENVIRONMENTS.mkdir(exist_ok=True)
    _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(ENVIRONMENTS / name))
    _uv("pip", "install", "--quiet", "--python", str(python), "--require-hashes", "-r", str(pins))
    _uv("pip", "install", "--quiet", "--python", str(python), "--no-deps", "-e", str(ROOT / "client"))
    stamp.write_text(digest)
    return python


def lock(name: str) -> None:
    """Resolve an environment again. Raises subprocess.CalledProcessError where that is impossible."""
    pins = pins_of(name)
    wanted = pins.with_suffix(".in").relative_to(ROOT)
    _uv(
        "pip",
        "compile",
        "--quiet",
        "--upgrade",
        "--generate-hashes",
        "--no-header",
        "--python",
        sys.executable,
        "--output-file",
        str(pins.relative_to(ROOT)),
        str(wanted),
    )


def _uv(*arguments: str) -> None:
    subprocess.run([str(UV), *arguments], cwd=ROOT, check=True, env={**os.environ, "UV_LINK_MODE": "copy"})


def main() -> int:
    """Make the requested environments; returns 0 if all of them exist."""
    known = names() + names(FOR_MEASUREMENTS)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="environments to make: " + ", ".join(known))
    parser.add_argument("--lock", action="store_true", help="write the newest pins instead of making environments")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(known)
    if unknown:
        parser.error(f"no environment named {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    for name in arguments.names or names():
        if arguments.lock:
            lock(name)
            continue
        make(name)
        print(f"{name}: {python_of(name).relative_to(ROOT)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
