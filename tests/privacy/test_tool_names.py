"""Names of tools that no code of the process registered never leave fastmcp 3 and 4, whatever brings them."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from scripts.setup import sdk_env

PROGRAM = Path(__file__).with_name("programs") / "providers.py"
WANTED = os.environ.get("FOOTFALL_SDKS", "own") in ("others", "all")


@pytest.mark.skipif(not WANTED, reason="runs where FOOTFALL_SDKS asks for the others")
@pytest.mark.parametrize("environment", ["fastmcp3", "fastmcp4"])
def test_only_names_that_code_registers_leave_whenever_it_does(environment: str, tmp_path: Path) -> None:
    names = ["invoice_of_alice", "cluster_of_bob"]
    done = subprocess.run(
        [str(sdk_env.make(environment)), str(PROGRAM), *names],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "FASTMCP_LOG_ENABLED": "false"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert len(printed["elsewhere"]) == 11
    assert printed["elsewhere"] == {kind: ["other", "other"] for kind in printed["elsewhere"]}
    assert len(printed["code"]) == 7
    assert all(called == recorded for called, recorded in printed["code"].items())
    # One line for each instrumented server, which names the remedy and no tool.
    assert len(printed["log"]) == len(printed["elsewhere"])
    assert all("register_tools(…)" in line for line in printed["log"])
    assert not any(name in line for line in printed["log"] for name in names)
