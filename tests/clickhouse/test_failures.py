"""While servers of the cluster are down, no event is lost and none counts twice."""

import os
import random
import time
import uuid
from pathlib import Path

import pytest

from collector.tests.app.http import alarms
from tests.clickhouse.answers import differences, queries
from tests.clickhouse.feeding import (
    TIMEOUT_SECONDS,
    await_counted,
    batches,
    counted_or_minus_one,
    loading,
    post,
    post_all,
)
from tests.clickhouse.holdings import await_equal_replicas
from tests.clickhouse.rig.cluster import Cluster
from tests.oracle.fleet import Fleet
from tests.oracle.truth import Truth
from tests.oracle.world import HOUR
from tests.support.collector_process import start_collector
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(300)
PEPPER = {"FOOTFALL_PEPPER": "one pepper for all collectors of this cluster"}
KILLS = 12 if os.environ.get("SOAK") else 0


@pytest.fixture
def database() -> str:
    return f"footfall_{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return Fleet(instances=20, days=29, seed=11, end=int(time.time()) // HOUR * HOUR)


@pytest.fixture(scope="module")
def truth(fleet: Fleet) -> Truth:
    return Truth(fleet.events())


def total(fleet: Fleet) -> int:
    return sum(1 for _ in fleet.events())


@pytest.mark.parametrize("shard", [1, 2] if KILLS else [2])
def test_a_replica_killed_under_load_loses_nothing_counts_nothing_twice_and_catches_up(
    cluster: Cluster, database: str, fleet: Fleet, truth: Truth, tmp_path: Path, shard: int
) -> None:
    lost, bodies = cluster.replicas(shard)[0], batches(fleet)
    with start_collector(
        tmp_path / "data", PEPPER, segment_seconds=0.1, store=cluster.url(database=database)
    ) as collector:
        with loading(collector.url, bodies) as load:
            load.await_sent(len(bodies) // 3)
            lost.program.kill()
            # Sent again while the server is down, as by a client that got no answer.
            load.await_sent(len(bodies) // 2)
            post_all(collector.url, random.Random(shard).choices(bodies[: len(bodies) // 2], k=5))
        lost.restart()
        await_counted(collector.url, total(fleet))
        wait_for(lambda: alarms(collector) == [], "the end of all alarms", TIMEOUT_SECONDS)
        assert differences(collector.url, fleet, truth, queries(fleet)[:1]) == []
    await_equal_replicas(cluster, database)


def test_while_the_whole_cluster_is_down_events_are_acknowledged_and_counted_once_it_is_back(
    cluster: Cluster, database: str, fleet: Fleet, truth: Truth, tmp_path: Path
) -> None:
    bodies = batches(fleet)
    with start_collector(
        tmp_path / "data", PEPPER, segment_seconds=0.1, store=cluster.url(database=database)
    ) as collector:
        post_all(collector.url, bodies[: len(bodies) // 2])
        cluster.kill()
        try:
            post_all(collector.url, bodies[len(bodies) // 2 :])
            wait_for(lambda: "loader_failing" in alarms(collector), "the alarm", TIMEOUT_SECONDS)
            assert post(collector.url, bodies[0])
        finally:
            cluster.restart()
        await_counted(collector.url, total(fleet))
        wait_for(lambda: alarms(collector) == [], "the end of all alarms", TIMEOUT_SECONDS)
        assert differences(collector.url, fleet, truth, queries(fleet)[:1]) == []
    assert "Traceback" not in collector.output
    assert len(collector.output.splitlines()) < 20, collector.output


def test_two_collectors_that_get_the_same_events_count_each_once(
    cluster: Cluster, database: str, fleet: Fleet, truth: Truth, tmp_path: Path
) -> None:
    bodies, store = batches(fleet), cluster.url(database=database)
    third = len(bodies) // 3
    with (
        start_collector(tmp_path / "one", PEPPER, segment_seconds=0.1, store=store) as one,
        start_collector(tmp_path / "two", PEPPER, segment_seconds=0.1, store=store) as two,
    ):
        # The middle third goes to both, at the same time.
        with loading(one.url, bodies[: 2 * third]), loading(two.url, bodies[third:][::-1]):
            pass
        for collector in (one, two):
            # Two rows of one event count until the slower of the two collectors has seen both.
            wait_for(
                lambda at=collector: counted_or_minus_one(at.url) == total(fleet), "all events, once", TIMEOUT_SECONDS
            )
            wait_for(
                lambda at=collector: not differences(at.url, fleet, truth, queries(fleet)[:1]),
                "the truth",
                TIMEOUT_SECONDS,
            )


@pytest.mark.skipif(not KILLS, reason="SOAK=1 kills replicas and the collector again and again")
@pytest.mark.timeout(1800)
def test_servers_and_collectors_killed_again_and_again_count_every_event_once(
    cluster: Cluster, database: str, truth: Truth, fleet: Fleet, tmp_path: Path
) -> None:
    bodies, dice, store = batches(fleet), random.Random(5), cluster.url(database=database)
    step = len(bodies) // KILLS + 1
    collector = start_collector(tmp_path / "data", PEPPER, segment_seconds=0.1, store=store)
    try:
        for at in range(0, len(bodies), step):
            victim = dice.choice(cluster.servers)
            with loading(collector.url, bodies[at : at + step]) as load:
                load.await_sent(len(bodies[at : at + step]) // 2)
                victim.program.kill()
            collector.kill()
            victim.restart()
            collector = start_collector(tmp_path / "data", PEPPER, segment_seconds=0.1, store=store)
            post_all(collector.url, dice.choices(bodies[: at + step], k=3))
        await_counted(collector.url, total(fleet))
        assert differences(collector.url, fleet, truth, queries(fleet)[:1]) == []
    finally:
        collector.stop()
    await_equal_replicas(cluster, database)


def test_with_a_quorum_of_one_events_count_while_a_replica_is_down_and_reach_it_afterwards(
    cluster: Cluster, database: str, fleet: Fleet, truth: Truth, tmp_path: Path
) -> None:
    lost, bodies = cluster.replicas(2)[1], batches(fleet)
    store = cluster.url(database=database) + "&quorum=1"
    with start_collector(tmp_path / "data", PEPPER, segment_seconds=0.1, store=store) as collector:
        post_all(collector.url, bodies[: len(bodies) // 2])
        lost.program.kill()
        try:
            post_all(collector.url, bodies[len(bodies) // 2 :])
            await_counted(collector.url, total(fleet))
            assert alarms(collector) == []
        finally:
            lost.restart()
        await_equal_replicas(cluster, database)
        assert differences(collector.url, fleet, truth, queries(fleet)[:1]) == []
