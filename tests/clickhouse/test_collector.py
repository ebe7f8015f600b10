"""A real collector on a real cluster: the tables it makes, the charts it answers, and what it refuses."""

import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.tests.operate.commands import refused
from footfall_collector.admit.instance_hash import instance_of
from tests.clickhouse.answers import charts, differences, queries
from tests.clickhouse.feeding import await_counted, batches, body, post_all
from tests.clickhouse.holdings import await_equal_replicas
from tests.clickhouse.rig.cluster import Cluster
from tests.oracle.fleet import Fleet
from tests.oracle.truth import Truth
from tests.oracle.world import HOUR
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(300)
PEPPER = {"FOOTFALL_PEPPER": "one pepper for all collectors of this cluster"}


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return Fleet(instances=25, days=40, seed=7, end=int(time.time()) // HOUR * HOUR)


@pytest.fixture(scope="module")
def database() -> str:
    return f"footfall_{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def collector(
    started: Cluster, database: str, fleet: Fleet, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CollectorProcess]:
    """On the cluster, with all events of the fleet."""
    data = tmp_path_factory.mktemp("collector")
    store = started.url(database=database)
    with start_collector(data / "data", PEPPER, segment_seconds=0.1, store=store, max_event_age_days=60) as collector:
        bodies = batches(fleet)
        post_all(collector.url, bodies)
        await_counted(collector.url, sum(1 for _ in fleet.events()))
        yield collector


def test_every_server_has_the_tables_that_one_collector_made(
    cluster: Cluster, database: str, collector: CollectorProcess
) -> None:
    def tables(number: int) -> list[tuple[str, str]]:
        sql = f"SELECT name, engine FROM system.tables WHERE database = '{database}' ORDER BY name"
        return [(name, engine) for name, engine in cluster.servers[number].ask(sql)]

    engines = {engine for _, engine in tables(0)}
    assert any(engine.startswith("Replicated") for engine in engines)
    assert "Distributed" in engines
    for number in range(1, 4):
        assert tables(number) == tables(0)


def test_every_chart_is_the_truth_and_what_duckdb_says(
    collector: CollectorProcess, fleet: Fleet, tmp_path: Path
) -> None:
    assert differences(collector.url, fleet, Truth(fleet.events())) == []
    with start_collector(tmp_path / "duckdb", PEPPER, segment_seconds=0.1, max_event_age_days=60) as duckdb:
        post_all(duckdb.url, batches(fleet))
        await_counted(duckdb.url, sum(1 for _ in fleet.events()))
        for query in queries(fleet)[:1]:
            ours, theirs = charts(collector.url, query), charts(duckdb.url, query)
            # Quotients may differ in the last bit; `differences` has compared them with the truth already.
            assert {name: len(rows) for name, rows in ours.items()} == {n: len(r) for n, r in theirs.items()}


def test_commands_on_files_are_refused_with_a_sentence(collector: CollectorProcess, tmp_path: Path) -> None:
    for words in (["backup", str(tmp_path / "place")], ["verify"], ["export", str(tmp_path / "place")]):
        assert "in a separate database: use that database's tools" in refused(collector.data_dir, *words)
    assert list(tmp_path.iterdir()) == []


def test_both_shards_have_a_part_and_their_replicas_hold_the_same(
    cluster: Cluster, database: str, collector: CollectorProcess, fleet: Fleet
) -> None:
    held = await_equal_replicas(cluster, database)
    events = [
        shard["events_local"][0] if "events_local" in shard else max(n for n, _ in shard.values()) for shard in held
    ]
    assert sum(events) == sum(1 for _ in fleet.events())
    assert min(events) > max(events) / 3


def test_a_restarted_collector_counts_the_same(
    cluster: Cluster, database: str, collector: CollectorProcess, fleet: Fleet, tmp_path: Path
) -> None:
    # Another collector, which knows the store's content from the cluster alone.
    with start_collector(tmp_path / "second", PEPPER, store=cluster.url(database=database)) as second:
        assert differences(second.url, fleet, Truth(fleet.events()), queries(fleet)[:1]) == []


def test_another_pepper_is_refused(
    cluster: Cluster, database: str, collector: CollectorProcess, tmp_path: Path
) -> None:
    other = {"FOOTFALL_PEPPER": "a pepper that nobody else has"}
    with pytest.raises(AssertionError, match="pepper"):
        start_collector(tmp_path / "other", other, store=cluster.url(database=database)).stop()


def test_a_forgotten_instance_is_gone_from_every_server_and_does_not_come_back(
    cluster: Cluster, database: str, collector: CollectorProcess, fleet: Fleet
) -> None:
    events = list(fleet.events())
    name = next(event.instance for event in events if event.instance.startswith("cluster_"))
    gone = [event for event in events if event.instance == name]
    forget = [sys.executable, "-m", "footfall_collector", "forget", "--data", str(collector.data_dir), name]
    forgotten = subprocess.run(forget, check=False, capture_output=True, text=True, timeout=200)
    assert (forgotten.returncode, forgotten.stdout.split()[:1]) == (0, [str(len(gone))]), forgotten.stderr
    post_all(collector.url, [body(gone[:20])])
    rest = Truth(event for event in events if event.instance != name)
    assert differences(collector.url, fleet, rest, queries(fleet)[:1]) == []
    digest = int(instance_of(PEPPER["FOOTFALL_PEPPER"].encode(), "dot-ai", name)[0], 16)
    for table in ("events_local", "presence_local", "tool_instances_local"):
        rows = f"SELECT countIf(instance = {digest}), count() > 0 FROM {database}.{table}"
        for server in cluster.servers:
            wait_for(lambda at=server, sql=rows: at.ask(sql) == [(0, 1)], f"{table} to have lost it", 60)
