"""Finds a program that tests or measurements need, or installs it from packages; reports clearly if it can't.

python scripts/setup/find_program.py strace
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # a file run as a program knows only its own folder

from scripts.setup.find_chromium import install

NEEDED = {
    "caddy": "Sign-in behind proxies",
    "haproxy": "The attacks from behind proxies",
    "nginx": "The attacks from behind proxies",
    "prometheus": "The files for operators",
    "promtool": "The files for operators",
    "strace": "The privacy tests",
    "systemd-analyze": "The files for operators",
    "traefik": "Sign-in behind proxies",
    "wrk": "The measurement of ingestion",
}
"""Programs, and what needs them."""
PACKAGES = {"promtool": "prometheus", "systemd-analyze": "systemd"}
"""Debian's packages of programs that have another name."""
PINNED = {"traefik": Path(__file__).resolve().parents[2] / "requirements-traefik.txt"}
"""Programs that Debian does not have: pinned packages for Python's environment."""


def provided(name: str) -> bool:
    """Whether the program is installed at the end."""
    if find_path(name) is None:
        source = "a pinned package" if name in PINNED else "Debian's packages"
        print(f"{name} is not here; installing it from {source}", flush=True)
        try:
            _install_pinned(PINNED[name]) if name in PINNED else install(PACKAGES.get(name, name))
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"could not install it: {error}", file=sys.stderr)
    if find_path(name) is None:
        print(f"{NEEDED[name]} can't do without {name}: install it.", file=sys.stderr)
        return False
    return True


def find_path(name: str) -> str | None:
    """The program's path; Debian installs servers where only root's PATH leads, and packages of Python beside it."""
    folders = [os.environ.get("PATH", os.defpath), "/usr/sbin", str(Path(sys.executable).parent)]
    return shutil.which(name, path=os.pathsep.join(folders))


def _install_pinned(requirements: Path) -> None:
    """Install a file of pins into the environment that runs this."""
    uv = Path(sys.executable).with_name("uv")
    options = ["--quiet", "--python", sys.executable, "--no-deps", "--require-hashes", "-r", str(requirements)]
    subprocess.run([str(uv), "pip", "install", *options], check=True)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in NEEDED:
        sys.exit(f"usage: python scripts/setup/find_program.py {'|'.join(NEEDED)}")
    sys.exit(0 if provided(sys.argv[1]) else 1)
