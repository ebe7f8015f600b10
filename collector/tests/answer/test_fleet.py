"""The generated fleet: the same by its seed, realistic enough to hold every case that a chart has to get right."""

import json
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from footfall.catalogue import round_significant
from footfall_collector.answer.behaviour import BEHAVIOUR
from footfall_collector.answer.charts import CHARTS
from tests.oracle.fleet import Fleet
from tests.oracle.matching import OracleQuery
from tests.oracle.truth import Truth
from tests.oracle.world import DAY, UNLISTED_CLIENTS, rounded

FLEET = Fleet(instances=80, days=45, seed=5)
EVENTS = list(FLEET.events())
ROOT = Path(__file__).parents[3]


def test_the_same_seed_gives_the_same_fleet_and_another_seed_another() -> None:
    assert list(Fleet(80, 45, 5).events()) == EVENTS
    assert list(Fleet(80, 45, 6).events()) != EVENTS


def test_one_instance_more_changes_nothing_of_the_others() -> None:
    assert list(Fleet(81, 45, 5).events())[: len(EVENTS)] == EVENTS


def test_every_event_lies_in_the_range_and_has_a_uuid_of_its_own() -> None:
    assert all(FLEET.start <= event.at < FLEET.end for event in EVENTS)
    assert len({event.uuid for event in EVENTS}) == len(EVENTS)


def test_requests_carry_every_event_some_of_them_twice_and_some_late() -> None:
    sent = list(FLEET.requests())
    times = Counter(event.uuid for request in sent for event in request.events)
    assert times.keys() == {event.uuid for event in EVENTS}
    assert set(times.values()) == {1, 2}
    assert any(request.received - request.events[-1].at > 86_400 for request in sent)
    assert any(request.skew for request in sent)
    assert all(event.at <= request.received <= FLEET.end for request in sent for event in request.events)


def test_every_case_that_a_chart_must_get_right_is_in_it() -> None:
    kinds = {event.instance.split("_")[0] for event in EVENTS}
    assert kinds == {"cluster", "local", "ephemeral"}
    clients = {event.properties.get("mcp_client") for event in EVENTS}
    assert {"other", "unknown", "http", "claude-code"} <= clients
    assert {event.properties.get("transport") for event in EVENTS} >= {"stdio", "streamable-http", "sse", None}
    assert {event.properties.get("is_internal") for event in EVENTS} == {True, False, None}
    assert len({event.properties.get("product_version") for event in EVENTS}) > 5
    assert {event.event for event in EVENTS} == {
        "tool_executed", "tool_error", "server_started", "server_stopped", "client_connected",
    }  # fmt: skip


def test_what_may_not_be_known_is_on_the_wire_and_nowhere_in_the_truth() -> None:
    wire = json.dumps([dict(event.wire_properties) for event in EVENTS])
    said = json.dumps([dict(event.properties) for event in EVENTS])
    for name in UNLISTED_CLIENTS:
        assert name in wire
        assert name not in said


def test_tools_are_used_by_zipfs_law() -> None:
    usage = Truth(EVENTS).chart("tool-usage", OracleQuery(FLEET.start, FLEET.end, "all"))
    calls = [row[1] for row in usage]
    assert calls[0] > 5 * calls[-1]
    assert all(one >= other for one, other in pairwise(calls))


def test_a_tool_that_asks_a_provider_fails_while_that_provider_is_down() -> None:
    fleet = Fleet(instances=60, days=28, seed=6, busy=8)
    failed = {True: [0, 0], False: [0, 0]}
    for event in fleet.events():
        if event.event == "tool_executed" and event.properties["tool"] in ("recommend", "remediate"):
            provider = event.properties.get("ai_provider", "none")
            met = any(outage.covers(event.at) and outage.provider == provider for outage in fleet.outages)
            failed[met][0] += not event.properties["success"]
            failed[met][1] += 1
    assert failed[True][0] > 0.6 * failed[True][1] > 5
    assert failed[False][0] < 0.3 * failed[False][1]


def test_nothing_arrives_while_the_collector_is_down_and_all_of_it_afterwards() -> None:
    down = [outage for outage in FLEET.outages if not outage.provider]
    assert len(down) > 2
    assert not any(outage.covers(request.received) for outage in down for request in FLEET.requests())
    assert any(outage.covers(event.at) for outage in down for event in EVENTS)


def test_a_fleet_of_a_year_has_releases_to_its_end_and_instances_that_come_and_go() -> None:
    year = Fleet(instances=60, days=365, seed=5)
    first: dict[str, int] = {}
    seen: dict[str, list[int]] = {}
    for event in year.events():
        if not event.instance.startswith("ephemeral_"):
            seen.setdefault(event.instance, []).append(event.at)
        version = event.properties.get("product_version")
        if version is not None:
            first[version] = min(event.at, first.get(version, event.at))
    assert max(first.values()) > year.end - 40 * DAY
    assert len(first) > 25
    joined = sum(min(times) > year.start + 30 * DAY for times in seen.values())
    left = sum(max(times) < year.end - 30 * DAY for times in seen.values())
    assert joined > len(seen) // 4 < left


def test_the_command_prints_the_answers_and_refuses_what_a_collector_would_move(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tests" / "oracle" / "fleet.py"), "--instances", "3", "--days"]
    ran = subprocess.run([*command, "2", "--answers", "all"], cwd=tmp_path, capture_output=True, check=True)
    assert json.loads(ran.stdout).keys() == {spec.id for spec in (*CHARTS, *BEHAVIOUR)}
    refused = subprocess.run(
        [*command, "90", "--post", "http://127.0.0.1:9"], capture_output=True, text=True, check=False
    )
    assert (refused.returncode, "lower --days" in refused.stderr) == (2, True)


@given(st.floats(min_value=0, max_value=3e8))
def test_the_truths_own_rounding_is_the_catalogues(value: float) -> None:
    assert rounded(value) == round_significant(value)
