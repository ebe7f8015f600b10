"""Finds ClickHouse's server, ZooKeeper and Java, or installs them from Debian's packages; says what is missing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # a file run as a program knows only its own folder

from scripts.setup.find_chromium import install

SERVER_PLACES = ("/usr/sbin/clickhouse-server", "/usr/bin/clickhouse-server")
ZOOKEEPER_PLACES = ("/usr/share/java/zookeeper.jar",)


def server() -> str | None:
    """The path of a ClickHouse server, from the CLICKHOUSE_SERVER variable or where packages put it."""
    return _found("CLICKHOUSE_SERVER", SERVER_PLACES, "clickhouse-server")


def zookeeper() -> str | None:
    """The path of ZooKeeper's jar, whose manifest names what it needs, from ZOOKEEPER_JAR or the package."""
    return _found("ZOOKEEPER_JAR", ZOOKEEPER_PLACES)


def java() -> str | None:
    """The path of a Java runtime."""
    return _found("JAVA", (), "java")


def _found(variable: str, places: tuple[str, ...], name: str | None = None) -> str | None:
    named = os.environ.get(variable)
    if named:
        return named if os.access(named, os.R_OK) else None
    place = next((place for place in places if os.access(place, os.R_OK)), None)
    return place or (shutil.which(name) if name else None)


NEEDED: tuple[tuple[str, str, Callable[[], str | None]], ...] = (
    ("ClickHouse's server", "clickhouse-server", server),
    ("Java", "default-jre-headless", java),
    ("ZooKeeper", "libzookeeper-java", zookeeper),
)
"""Name, Debian package, and the function that finds it."""


def missing() -> list[tuple[str, str]]:
    """The missing programs, and the packages that contain them."""
    return [(what, package) for what, package, find in NEEDED if find() is None]


def main() -> int:
    """Returns 0 if all of them are installed at the end."""
    for what, package in missing():
        print(f"{what} is not here; installing Debian's package {package}", flush=True)
        try:
            install(package)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"could not install it: {error}", file=sys.stderr)
    for what, package in missing():
        print(f"The cluster's tests need {what}: install {package}.", file=sys.stderr)
    return 1 if missing() else 0


if __name__ == "__main__":
    sys.exit(main())
