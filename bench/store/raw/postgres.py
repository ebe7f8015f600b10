"""A PostgreSQL server in a directory, from Debian's packages, on a Unix socket only."""

import importlib
import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import Any

_UNPRIVILEGED = "nobody"
_PACKAGE = "postgresql-15"
_SETTINGS = {
    "listen_addresses": "''",
    "shared_buffers": "'256MB'",
    "work_mem": "'256MB'",
    "max_parallel_workers_per_gather": "1",
    "jit": "off",
    "fsync": "off",
    "max_wal_size": "'2GB'",
}
"""The memory of the other engines, two processes for a query as the others have two threads, no fsync."""


class PostgreSQL:
    """A server for the duration of a `with` block, in a new database.

    PostgreSQL refuses to run as root, so under root the server runs as `nobody`. Raises SystemExit, with the package to
    install, if there is no PostgreSQL.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not found:
            raise SystemExit(f"store: no PostgreSQL here; on Debian: apt-get install {_PACKAGE}")
        self._bin = found[-1].parent
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam(_UNPRIVILEGED)
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def __enter__(self) -> "PostgreSQL":
        self._directory.mkdir(parents=True)
        if self._as:
            os.chown(self._directory, self._as["user"], self._as["group"])
        self._run("initdb", "--auth=trust", "--username=bench", "--no-sync", "--locale=C.UTF-8")
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        options = " ".join([*settings, "-k", str(self._directory)])
        self._run("pg_ctl", "start", "--wait", "--log", str(self._directory / "log"), "--options", options)
        return self

    def __exit__(self, *_: object) -> None:
        self._run("pg_ctl", "stop", "--wait", "--mode", "immediate")
        shutil.rmtree(self._directory, ignore_errors=True)

    def connect(self) -> Any:
        """A psycopg connection that commits each statement."""
        psycopg: Any = importlib.import_module("psycopg")
        return psycopg.connect(host=str(self._directory), user="bench", dbname="postgres", autocommit=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), "--pgdata", str(self._directory / "data"), *arguments]
        ran = subprocess.run(
            command, cwd=self._directory, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, **self._as
        )
        if ran.returncode:
            raise SystemExit(f"store: {program} failed:\n{ran.stderr.decode(errors='replace')}")
