"""A background task counts when it ends, with its outcome and duration; the answer to its request counts nothing."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scripts.setup import sdk_env

PROGRAMS = Path(__file__).with_name("programs")
WANTED = os.environ.get("FOOTFALL_SDKS", "own") in ("others", "all")


def printed(environment: str, program: str, directory: Path) -> dict[str, Any]:
    done = subprocess.run(
        [str(sdk_env.make(environment)), str(PROGRAMS / program)],
        env={"PATH": os.environ["PATH"], "HOME": str(directory), "FASTMCP_LOG_ENABLED": "false"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    output: dict[str, Any] = json.loads(done.stdout)
    return output


@pytest.mark.skipif(not WANTED, reason="runs where FOOTFALL_SDKS asks for the others")
@pytest.mark.parametrize("environment", ["fastmcp3", "fastmcp4-tasks"])
def test_a_task_of_fastmcp_counts_when_it_ends(environment: str, tmp_path: Path) -> None:
    output = printed(environment, "background_tasks.py", tmp_path)
    assert output["submitted"] == [0, 0, 0, 0]
    outcomes = [(call["tool"], call["success"], call["mcp_client"]) for call in output["calls"]]
    assert outcomes == [
        ("succeed", True, "mcp"),
        ("fail", False, "mcp"),
        ("child_inner", True, "mcp"),
        ("endless", False, "mcp"),
        ("foreground", True, "mcp"),
    ]
    assert all(290 <= call["duration_ms"] < 30_000 for call in output["calls"])
    assert output["errors"] == [
        {"tool": "fail", "error_type": "LookupError"},
        {"tool": "endless", "error_type": "CancelledError"},
    ]


@pytest.mark.skipif(not WANTED, reason="runs where FOOTFALL_SDKS asks for the others")
def test_a_task_of_mcp_1_counts_when_its_work_ends(tmp_path: Path) -> None:
    output = printed("mcp1", "mcp1_tasks.py", tmp_path)
    assert output["submitted"] == [0, 0]
    assert [(call["tool"], call["success"]) for call in output["calls"]] == [("succeed", True), ("fail", False)]
    assert all(290 <= call["duration_ms"] < 30_000 for call in output["calls"])
    assert output["errors"] == [{"tool": "fail", "error_type": "LookupError"}]
