"""Finds Chromium for the dashboard's tests, or installs it from Debian's packages; reports clearly if it can't."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """The path of a Chromium, from the CHROMIUM variable or the PATH; None where there is none."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named if os.access(named, os.X_OK) else None
    return next((path for path in map(shutil.which, NAMES) if path), None)


def install(package: str = "chromium") -> None:
    """Install a Debian package with apt, as root or through sudo."""
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", package]):
        subprocess.run([*prefix, *command], check=True, env=environment, stdout=subprocess.DEVNULL)


def main() -> int:
    """Returns 0 if Chromium is installed at the end; prints its path."""
    if find() is None:
        print("Chromium is not here; installing it from Debian's packages", flush=True)
        try:
            install()
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"could not install it: {error}", file=sys.stderr)
    found = find()
    if found is None:
        print("The dashboard's tests need Chromium: install it, or name it in CHROMIUM.", file=sys.stderr)
        return 1
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
