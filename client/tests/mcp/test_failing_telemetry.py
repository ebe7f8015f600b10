"""Faults of telemetry do not affect the server: all answers are right, nothing is raised, nothing logged per call."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .rig import PROGRAMS

CALLS = 5000
TROUBLES = ("dead endpoint", "full disk", "directory deleted")


@pytest.mark.parametrize("trouble", TROUBLES)
def test_five_thousand_calls_succeed_under_each_fault_of_telemetry(trouble: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    unshare = shutil.which("unshare")
    assert unshare, "unshare (util-linux) is missing: it gives the test a small private file system"
    program = [sys.executable, str(PROGRAMS / "many_calls.py"), str(CALLS), trouble, str(state)]
    if trouble == "full disk":
        # A file system of 64 KiB in a mount namespace of this process.
        mount = f'mount -t tmpfs -o size=64k none "{state}" && exec "$@"'
        program = [unshare, "--mount", "--map-root-user", "sh", "-c", mount, "sh", *program]
    done = subprocess.run(
        program,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "TEST_HOST_TELEMETRY_STATE_DIR": str(state),
            "TEST_HOST_POSTHOG_HOST": "http://127.0.0.1:9",
            "TEST_HOST_POSTHOG_KEY": "phc_test",
            "TEST_HOST_TELEMETRY_GRACE_SECONDS": "0",
            "TEST_HOST_TELEMETRY_FLUSH_SECONDS": "0.2",
        },
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["right"] == CALLS
    assert "Traceback" not in done.stderr
    # The notice of a first start is a paragraph; at most two sentences follow, independent of the number of calls.
    assert len(done.stderr.splitlines()) < 40, done.stderr
    assert report["log_records"] <= 5, done.stderr
