"""A rise of errors is explained by what it comes from: each kind of cause is planted into the last week of a fleet."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from collector.tests.show.statistics.planted_store import PlantedStore
from footfall_collector.answer import Filters, version_key
from footfall_collector.show.explain import Explanation, explain_segments, explain_spike
from tests.oracle.fleet import Fleet, FleetEvent
from tests.oracle.world import DAY

FLEET = Fleet(instances=200, days=35, seed=11, busy=2, calm=True)
SINCE = FLEET.end - 7 * DAY
CLIENT, CLIENT_VERSION = "cursor-vscode", "1.2.0"
KINDS = ("error_class", "client_version", "k8s_version", "deployment", "nothing")
FAILING = 0.35
Concerned = Callable[[FleetEvent], bool]


def _states(events: list[FleetEvent], name: str) -> dict[str, str]:
    """Instance → the one value that all of its starts have."""
    values: defaultdict[str, set[str]] = defaultdict(set)
    for event in events:
        if event.event == "server_started":
            values[event.instance].add(str(event.properties.get(name) or ""))
    return {instance: found.pop() for instance, found in values.items() if len(found) == 1}


def _connected(events: list[FleetEvent]) -> set[tuple[str, int]]:
    """(instance, day) on which the newest version of the client that connected is the one that fails."""
    newest: dict[tuple[str, int], str] = {}
    for event in events:
        if event.event == "client_connected" and event.properties.get("mcp_client") == CLIENT:
            key, version = (event.instance, event.at // DAY), str(event.properties["mcp_client_version"])
            newest[key] = max(newest.get(key, version), version, key=version_key)
    return {key for key, version in newest.items() if version == CLIENT_VERSION}


def _failing(events: list[FleetEvent], kind: str) -> set[str]:
    """UUIDs of the calls that fail because of a kind of cause."""
    methods, kubernetes, connected = (
        _states(events, "deployment_method"),
        _states(events, "k8s_version"),
        _connected(events),
    )
    concerned: dict[str, Concerned] = {
        "error_class": lambda call: Random(call.uuid).random() < 0.2,
        "client_version": lambda call: (
            call.properties["mcp_client"] == CLIENT and (call.instance, call.at // DAY) in connected
        ),
        "k8s_version": lambda call: kubernetes.get(call.instance, "").startswith("1.31."),
        "deployment": lambda call: methods.get(call.instance) == "docker",
        "nothing": lambda call: False,
    }
    return {
        event.uuid
        for event in events
        if event.event == "tool_executed"
        and (event.at >= SINCE or kind == "client_version")
        and concerned[kind](event)
        and event.properties["success"]
        and Random(f"{kind} {event.uuid}").random() < FAILING
    }


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlantedStore]:
    events = list({event.uuid: event for event in FLEET.events()}.values())
    directory: Path = tmp_path_factory.mktemp("planted")
    store = PlantedStore(directory, FLEET, events, KINDS)
    for kind in KINDS:
        store.add(kind, _failing(events, kind), "TimeoutError" if kind == "error_class" else "ValidationError")
    yield store
    store.close()


def explained(planted: PlantedStore, kind: str) -> Explanation:
    start, end = (datetime.fromtimestamp(at, UTC) for at in (SINCE, FLEET.end))
    return explain_spike(planted.answers, Filters(kind, start, end))


@pytest.mark.parametrize(("kind", "value"), [("k8s_version", "1.31"), ("deployment", "docker")])
def test_a_state_of_instances_that_fails_since_a_day_is_named(planted: PlantedStore, kind: str, value: str) -> None:
    explanation = explained(planted, kind)
    first = explanation.findings[0]
    assert (first.kind, first.value) == (kind, value)
    assert first.start == f"{datetime.fromtimestamp(SINCE, UTC):%Y-%m-%d}"
    assert first.share is not None
    assert 0.6 < first.share < 1.4
    assert f"`{value}` since {first.start}" in explanation.answer


def test_a_version_of_a_client_is_named(planted: PlantedStore) -> None:
    start, end = (datetime.fromtimestamp(at, UTC) for at in (FLEET.start, FLEET.end))
    client = f"mcp_client:is:{CLIENT}"
    others = f"mcp_client:is_not:{CLIENT}"
    explanation = explain_segments(planted.answers, Filters("client_version", start, end), ([client], [others]))
    first = explanation.findings[0]
    assert (first.kind, first.value) == ("client_version", f"{CLIENT} {CLIENT_VERSION}")
    # That one side has other clients than the other is what was asked.
    assert [each for each in explanation.findings if each.kind == "clients"] == []
    # Errors do not carry the client, so they are those of instances that used it.
    classes = explanation.error_classes
    assert [each.value for each in classes] == ["ValidationError"]
    assert explanation.error_class_scope == (
        f"errors of instances that used {CLIENT} in the range; "
        f"errors of instances that didn't use {CLIENT} in the range"
    )
    # They are no part of the difference of the calls.
    assert classes[0].share is None
    assert classes[0].error_rate > classes[0].against
    assert classes[0].low > 0
    assert "all calls of the one side's instances" in classes[0].text


def test_an_error_class_that_makes_up_the_rise_is_named_with_its_share(planted: PlantedStore) -> None:
    explanation = explained(planted, "error_class")
    assert explanation.difference is not None
    assert explanation.difference > 0.03
    first, *others = explanation.error_classes
    assert first.value == "TimeoutError"
    assert first.share is not None
    assert 0.8 < first.share < 1.2
    assert first.low < first.effect < first.high
    # The share is that of the numbers of errors: its rate in the week minus that before, of the whole difference.
    assert first.effect == pytest.approx(first.error_rate - first.against)
    assert first.share == pytest.approx(first.effect / explanation.difference)
    assert "`TimeoutError` accounts for" in explanation.answer
    assert "of the rise" in explanation.answer
    assert all(abs(each.share or 0.0) < 0.2 for each in others)


def test_where_nothing_was_planted_no_class_and_no_cause_is_named(planted: PlantedStore) -> None:
    explanation = explained(planted, "nothing")
    assert [each for each in explanation.findings if each.value is not None] == []
    assert explanation.error_classes == []
    assert "accounts for" not in explanation.answer


def test_the_classes_of_a_segment_are_those_of_its_errors(planted: PlantedStore) -> None:
    start, end = (datetime.fromtimestamp(at, UTC) for at in (SINCE, FLEET.end))
    sides = ["deployment_method:is:docker"], ["deployment_method:is_not:docker"]
    explanation = explain_segments(planted.answers, Filters("deployment", start, end), sides)
    first = explanation.error_classes[0]
    assert first.value == "ValidationError"
    assert first.share is not None
    assert first.share > 0.8
