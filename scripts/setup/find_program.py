"""Finds a program that tests or measurements need, or installs it from Debian's packages; reports clearly if it can't.

python scripts/setup/find_program.py strace
"""

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
    "wrk": "The measurement of ingestion",
}
"""Programs, and what needs them."""
PACKAGES = {"promtool": "prometheus", "systemd-analyze": "systemd"}
"""Debian's packages of programs that have another name."""


def provided(name: str) -> bool:
    """Whether the program is installed at the end."""
    if shutil.which(name) is None:
        print(f"{name} is not here; installing it from Debian's packages", flush=True)
        try:
            install(PACKAGES.get(name, name))
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"could not install it: {error}", file=sys.stderr)
    if shutil.which(name) is None:
        print(f"{NEEDED[name]} can't do without {name}: install it.", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in NEEDED:
        sys.exit(f"usage: python scripts/setup/find_program.py {'|'.join(NEEDED)}")
    sys.exit(0 if provided(sys.argv[1]) else 1)
