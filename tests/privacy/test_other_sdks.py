"""The same proof with servers of the other SDKs, each in its own environment (suite `sdks`)."""

import os
from pathlib import Path

import pytest

from scripts.setup import sdk_env
from tests.privacy.places import PLACES
from tests.privacy.planted import plan_of
from tests.privacy.proof import Host, findings, gather, missing

WANTED = os.environ.get("FOOTFALL_SDKS", "own") in ("others", "all")


@pytest.mark.skipif(not WANTED, reason="runs where FOOTFALL_SDKS asks for the others")
@pytest.mark.timeout(400)
def test_nothing_that_is_planted_leaves_a_server_of_another_sdk(tmp_path: Path) -> None:
    python = {name: str(sdk_env.make(name)) for name in ("mcp1", "fastmcp3", "fastmcp4")}
    hosts = (
        Host("mcp1", "new", python=python["mcp1"]),
        Host("mcp1-lowlevel", "old", python=python["mcp1"]),
        Host("fastmcp", "new", python=python["fastmcp3"]),
        Host("fastmcp", "old", modern=True, python=python["fastmcp4"]),
    )
    plan = plan_of(PLACES, int.from_bytes(os.urandom(5), "big"), {})
    evidence = gather(plan, tmp_path, hosts=hosts)
    assert missing(evidence) == []
    assert findings(plan, evidence) == []
