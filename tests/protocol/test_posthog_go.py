"""The real posthog-go, which writes an empty `uuid`: every event counted once, no complaint, no request too many."""

import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.protocol.events import KEY, expected, refusals, to_capture
from tests.protocol.sdk_table import assert_listed
from tests.protocol.talk import Talk

SOURCE = Path(__file__).parent / "go"
BATCH = 9
"""How many events the program sends in a request; see main.go."""


@pytest.fixture(scope="module", params=["1.3.3", "1.5.2"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built with one release of the SDK: the newest by go.mod, an older one by a separate mod file."""
    go = shutil.which("go")
    assert go, "the tests of posthog-go need Go: install Debian's package golang-go"
    built = tmp_path_factory.mktemp("go") / f"send-{request.param}"
    mod = f"go-{request.param}.mod"
    chosen = [f"-modfile={mod}"] if (SOURCE / mod).exists() else []
    command = [go, "build", "-mod=readonly", "-buildvcs=false", *chosen, "-o", str(built), "."]
    subprocess.run(command, cwd=SOURCE, check=True, timeout=110)
    names = subprocess.run([go, "version", "-m", str(built)], capture_output=True, text=True, check=True).stdout
    assert f"github.com/posthog/posthog-go\tv{request.param}" in names
    return built


def test_every_event_is_counted_once(talk: Talk, program: Path) -> None:
    events = to_capture()
    answer = sent_by_go(talk, program, events)
    assert answer == {"complaints": [], "delivered": len(events)}
    assert {event["uuid"] for event in talk.sent()} == {""}
    assert talk.statuses() == Counter({200: -(-len(events) // BATCH)})
    talk.assert_counted_once(expected(), refusals())
    assert_listed(talk, "posthog-go", program.name.removeprefix("send-"))
    talk.assert_nothing_kept()


def sent_by_go(talk: Talk, program: Path, events: list[dict[str, Any]]) -> dict[str, Any]:
    """Send events with posthog-go; how many it says it delivered, and what it complained of."""
    given = [{key: value for key, value in event.items() if key != "uuid"} for event in events]
    ended = subprocess.run(
        [str(program), talk.url, KEY],
        input=json.dumps({"capture": given}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stderr == ""
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer
