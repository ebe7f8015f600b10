"""Virtual environments with other MCP SDKs, in which the adapters' tests run their servers.

python scripts/sdk_env.py            make or refresh all of them; prints their names
python scripts/sdk_env.py mcp1       one of them

Each NAME.txt in client/tests/mcp/environments becomes .venvs/NAME, with the client installed from this tree.
`make lock` resolves them again from the NAME.in beside them.
"""

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PINS = ROOT / "client/tests/mcp/environments"
ENVIRONMENTS = ROOT / ".venvs"
UV = Path(sys.executable).with_name("uv")


def names() -> list[str]:
    """Every environment there can be."""
    return sorted(path.stem for path in PINS.glob("*.txt"))


def python_of(name: str) -> Path:
    """The interpreter of an environment, whether or not it is there."""
    return ENVIRONMENTS / name / "bin" / "python"


def make(name: str) -> Path:
    """Make an environment, or refresh it where its pins changed; its interpreter.

    Raises:
        subprocess.CalledProcessError: uv could not install it and has said why.
    """
    pins = PINS / f"{name}.txt"
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


def _uv(*arguments: str) -> None:
    subprocess.run([str(UV), *arguments], cwd=ROOT, check=True, env={**os.environ, "UV_LINK_MODE": "copy"})


def main() -> int:
    """Make what was asked for; 0 where all of it is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="environments to make: " + ", ".join(names()))
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(names())
    if unknown:
        parser.error(f"no environment named {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    for name in arguments.names or names():
        make(name)
        print(f"{name}: {python_of(name).relative_to(ROOT)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
