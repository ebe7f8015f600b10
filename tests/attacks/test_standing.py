"""A sender with the public key invents instances; releases, tiles and the public page count the established ones."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from collector.tests.app.http import ask, post
from collector.tests.show.public.test_public_page import closed_month
from collector.tests.store.fill_store import PEPPER, admitted, journal
from footfall_collector.receive import WriteKeys
from footfall_collector.show.public.noise import KeyedNoise
from footfall_collector.show.public.small_groups import GROUP_SCALE, TOTAL_SCALE, noisy_tens
from tests.attacks.parties.claims import Party, at_most
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

KEY = "phc_standing"
REAL, INVENTED = 60, 453
PROVIDERS = ["anthropic"] * (REAL - 1) + ["mistral"]
NOW = datetime.now(UTC)


def calls(names: list[str], at: datetime, version: str, provider: str | None = None) -> list[dict[str, Any]]:
    """A call of each instance; `provider` where it isn't that of the real instances."""
    common = {"dot_ai_version": version, "is_internal": False, "tool": "query", "success": True, "mcp_client": "Zed"}
    return [
        {
            "uuid": str(uuid.uuid4()),
            "event": "tool_executed",
            "distinct_id": name,
            "timestamp": at.isoformat(),
            "properties": common | {"ai_provider": provider or PROVIDERS[number], "duration_ms": 5},
        }
        for number, name in enumerate(names)
    ]


def real() -> list[str]:
    return [f"cluster_{number:016x}" for number in range(REAL)]


def invented(number: int = INVENTED) -> list[str]:
    return [f"cluster_f{number:015x}" for number in range(number)]


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """Real instances, in a closed month and in the last two weeks; then the attacks, from one address."""
    data, month = tmp_path_factory.mktemp("standing") / "data", closed_month()
    data.mkdir()
    (data / "pepper").write_bytes(PEPPER)
    WriteKeys(data).add("dot-ai", KEY)
    moments = [month + timedelta(days=day, hours=12) for day in (10, 14, 20)]
    moments += [NOW - timedelta(days=day) for day in (12, 8, 4, 0)]
    journal(data, [admitted(calls(real(), at, "1.2.0"), int(at.timestamp()), int(at.timestamp())) for at in moments])
    with start_collector(data, segment_seconds=0.1, public_products="dot-ai") as running:
        wait_for(lambda: stored(running) == REAL * len(moments), "the real events in the charts")
        # Back-dated: in two minutes, invented instances have events of four days over more than a week.
        days = [*(NOW - timedelta(days=day, minutes=1) for day in (10, 6, 2)), month + timedelta(days=20)]
        for at in days:
            send(running, calls(invented(), at, "1.2.0", "mistral"))
        send(
            running, [event for at in (*days, NOW, NOW, NOW, NOW) for event in calls(["local_x"], at, "99.0.0", "xai")]
        )
        yield running


def send(collector: CollectorProcess, events: list[dict[str, Any]]) -> None:
    before = stored(collector)
    assert post(collector, json.dumps({"api_key": KEY, "batch": events}).encode()).status == 200
    wait_for(lambda: stored(collector) == before + len(events), "the events in the charts")


def stored(collector: CollectorProcess) -> int:
    facts = ask(collector, "GET", "/api/health").json["facts"]
    return next(int(fact["value"]) for fact in facts if fact["id"] == "stored")


@at_most(Party.SENDER, "invent instances of an invented version, which hide no release")
def test_eight_events_of_an_invented_instance_hide_no_release(collector: CollectorProcess) -> None:
    """Fault: the newest release is the invented one, and the real ones are compared with it."""
    comparison = ask(collector, "GET", "/api/releases?range=30d").json
    assert [release["version"] for release in comparison["releases"]] == ["1.2.0"]
    assert comparison["apart"] == ["99.0.0"]
    assert not comparison["all_count"]
    head = ask(collector, "GET", "/api/pages/next?range=30d").json
    assert "99.0.0" not in json.dumps(head)
    assert "run `1.2.0`, the newest version" in head["answer"]


@at_most(Party.SENDER, "add invented instances to the operator's counts, which show established ones apart")
def test_the_operator_sees_established_and_invented_instances_apart(collector: CollectorProcess) -> None:
    """Fault: the tile shows 514 instances, and nothing says that 454 of them came in one minute."""
    tiles = ask(collector, "GET", "/api/pages/overview?range=30d").json["tiles"]
    [tile] = [tile for tile in tiles if tile["id"] == "instances"]
    assert (tile["value"], tile["established"], tile["new"]) == (REAL + INVENTED + 1, REAL, INVENTED + 1)
    assert tile["standing"] == f"{REAL} established, {INVENTED + 1} new this week"


@at_most(Party.SENDER, "invent hundreds of instances in a minute, of which the public page counts none")
def test_hundreds_of_invented_instances_make_the_public_page_name_no_group_of_one(collector: CollectorProcess) -> None:
    """Fault: the group of one real instance appears, because 453 invented ones were added to it."""
    noise = KeyedNoise(PEPPER, "dot-ai", month := f"{closed_month():%Y-%m}")
    groups = {
        ("all", "all"): noisy_tens(noise, TOTAL_SCALE, REAL, "all", "all"),
        ("ai_provider", "anthropic"): noisy_tens(noise, GROUP_SCALE, REAL - 1, "ai_provider", "anthropic"),
    }
    published = ask(collector, "GET", "/public/dot-ai/data.json").json["rows"]
    assert published == [[month, *subject, n] for subject, n in groups.items()]
    assert "mistral" not in ask(collector, "GET", "/public/dot-ai").text
    badge = ask(collector, "GET", "/public/dot-ai/badge/instances.svg").text
    assert f"active instances: {groups['all', 'all']}" in badge


@at_most(Party.SENDER, "establish a few instances a week from one address, if it has the patience")
def test_one_address_has_places_for_twenty_new_instances_and_leaves_no_trace(tmp_path: Path) -> None:
    """Fault: the days of every instance of one address count; or what is stored follows from the address."""
    data, address, other = tmp_path / "data", "198.51.100.77", "203.0.113.9"
    data.mkdir()
    WriteKeys(data).add("dot-ai", KEY)
    with start_collector(data, segment_seconds=0.1, trusted_proxies="127.0.0.0/8") as running:
        for sender, names in ((address, invented(50)), (address, invented(50)), (other, real()[:5])):
            batch = json.dumps({"api_key": KEY, "batch": calls(names, datetime.now(UTC), "1.2.0", "xai")}).encode()
            assert ask(running, "POST", "/batch/", batch, {"X-Forwarded-For": sender}).status == 200
        wait_for(lambda: stored(running) == 105, "the events in the charts")
    over: list[tuple[int, int]] = []
    for path in (data / "store").glob("events-*.duckdb"):
        with duckdb.connect(str(path), read_only=True) as month:
            over += month.execute(
                "SELECT count(*), count(DISTINCT instance) FROM events WHERE day_over_budget"
            ).fetchall()
    assert (sum(events for events, _ in over), sum(instances for _, instances in over)) == (60, 30)
    for path in data.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not any(text.encode() in content for text in (address, other)), path
