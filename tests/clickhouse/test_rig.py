"""The behaviour of the real cluster without the collector, on which the store relies."""

import uuid
from collections.abc import Iterator

import pytest

from tests.clickhouse.rig.cluster import Cluster
from tests.clickhouse.rig.configuration import CLUSTER
from tests.support.waiting import wait_for


@pytest.fixture
def tables(cluster: Cluster) -> Iterator[str]:
    """A database made on every server by one statement, with a replicated table `part` and `whole` over the shards."""
    name = f"rig_{uuid.uuid4().hex[:8]}"
    cluster.ask(f"CREATE DATABASE {name} ON CLUSTER {CLUSTER}")
    cluster.ask(
        f"CREATE TABLE {name}.part ON CLUSTER {CLUSTER} (day Date, n UInt64, version UInt64) ENGINE = "
        f"ReplicatedReplacingMergeTree('/clickhouse/{name}/{{shard}}/part', '{{replica}}', version) "
        "PARTITION BY toYYYYMM(day) ORDER BY n"
    )
    cluster.ask(
        f"CREATE TABLE {name}.whole ON CLUSTER {CLUSTER} AS {name}.part "
        f"ENGINE = Distributed({CLUSTER}, {name}, part, cityHash64(n))"
    )
    yield name
    cluster.ask(f"DROP DATABASE {name} ON CLUSTER {CLUSTER}")


def numbers(first: int, last: int) -> str:
    return f"SELECT toDate('2026-11-24'), number, 0 FROM system.numbers WHERE number >= {first} LIMIT {last - first}"


def test_one_statement_on_the_cluster_makes_the_tables_on_every_server(cluster: Cluster, tables: str) -> None:
    for server in cluster.servers:
        assert server.ask(f"SELECT name FROM system.tables WHERE database = '{tables}' ORDER BY name") == [
            ("part",),
            ("whole",),
        ]


def test_what_is_inserted_through_one_server_is_spread_over_the_shards_and_copied_to_their_replicas(
    cluster: Cluster, tables: str
) -> None:
    cluster.ask(f"INSERT INTO {tables}.whole {numbers(0, 1000)}", insert_distributed_sync=1)
    held = {}
    for shard in (1, 2):
        sql = f"SELECT count(), sum(n) FROM {tables}.part"
        first, second = cluster.replicas(shard)
        wait_for(lambda a=first, b=second, q=sql: a.ask(q) == b.ask(q) != [(0, 0)], "both replicas to hold the same")
        [(held[shard], _)] = first.ask(sql)
    assert held[1] > 300
    assert held[2] > 300
    assert held[1] + held[2] == 1000
    for server in cluster.servers:
        assert server.ask(f"SELECT count(), uniqExact(n) FROM {tables}.whole") == [(1000, 1000)]


def test_the_same_block_inserted_again_is_not_there_twice_and_an_overlapping_one_only_until_final(
    cluster: Cluster, tables: str
) -> None:
    for first, last in ((0, 100), (0, 100), (50, 150)):
        cluster.ask(f"INSERT INTO {tables}.whole {numbers(first, last)}", insert_distributed_sync=1)
    whole = f"FROM {tables}.whole"
    wait_for(lambda: cluster.ask(f"SELECT uniqExact(n) {whole}") == [(150,)], "all of it to be seen")
    wait_for(lambda: cluster.ask(f"SELECT count() {whole} FINAL") == [(150,)], "all of it to be seen once")


def test_a_killed_replica_catches_up_when_it_is_back(cluster: Cluster, tables: str) -> None:
    lost, other = cluster.replicas(2)
    lost.program.kill()
    try:
        cluster.ask(f"INSERT INTO {tables}.whole {numbers(0, 500)}", insert_distributed_sync=1)
        wait_for(lambda: cluster.ask(f"SELECT count() FROM {tables}.whole") == [(500,)], "all of it to be seen")
    finally:
        lost.restart()
    held = other.ask(f"SELECT count() FROM {tables}.part")
    assert held[0][0] > 100
    wait_for(lambda: lost.ask(f"SELECT count() FROM {tables}.part") == held, "the replica to catch up", 60)
