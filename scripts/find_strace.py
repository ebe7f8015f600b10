"""Finds strace for the privacy tests, or installs it from Debian's packages; says loudly where it can't."""

import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a file run as a program knows only its own folder

from scripts.find_chromium import install


def main() -> int:
    """0 where strace is there in the end."""
    if shutil.which("strace") is None:
        print("strace is not here; installing it from Debian's packages", flush=True)
        try:
            install("strace")
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"could not install it: {error}", file=sys.stderr)
    if shutil.which("strace") is None:
        print("The privacy tests need strace: install it.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
