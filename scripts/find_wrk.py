"""Finds wrk for `bench/ingest.py`, or installs it from Debian's packages; says loudly where it can't."""

import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a file run as a program knows only its own folder

from scripts.find_chromium import install


def main() -> int:
    """0 where wrk is there in the end."""
    if shutil.which("wrk") is None:
        print("wrk is not here; installing it from Debian's packages", flush=True)
        try:
            install("wrk")
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"could not install it: {error}", file=sys.stderr)
    if shutil.which("wrk") is None:
        print("The measurement of ingestion needs wrk: install it.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
