"""A collector with a sign-in, and a fleet in its charts."""

import json
from collections.abc import Iterator

import pytest

from collector.tests.app.http import ask, post
from tests.attacks.parties.fleet import KEY, SECRET, SENDERS_ADDRESS, SIGNED_IN, fleet_batch, write_published_month
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """One whose events came through a proxy that names the senders' addresses."""
    directory = tmp_path_factory.mktemp("guarded") / "data"
    directory.mkdir(mode=0o755)
    write_published_month(directory)
    env = {"FOOTFALL_SIGN_IN_SECRET": SECRET}
    with start_collector(directory, env, segment_seconds=0.1, public_products="dot-ai") as running:
        body = json.dumps({"api_key": KEY, "batch": fleet_batch()}).encode()
        assert post(running, body, X_Forwarded_For=SENDERS_ADDRESS).status == 200
        wait_for(
            lambda: len(ask(running, "GET", "/api/charts/tool-usage", headers=SIGNED_IN).json["rows"]) == 2, "the fleet"
        )
        yield running
