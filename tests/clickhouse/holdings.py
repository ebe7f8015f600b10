"""Compares the content of the cluster's replicas."""

from tests.clickhouse.rig.cluster import Cluster, Server
from tests.support.waiting import wait_for

Holding = dict[str, tuple[int, int]]


def replicated_tables(server: Server, database: str) -> list[str]:
    rows = server.ask(
        f"SELECT name FROM system.tables WHERE database = '{database}' AND engine LIKE 'Replicated%' ORDER BY name"
    )
    return [name for (name,) in rows]


def holding(server: Server, database: str) -> Holding:
    """Replicated table to the number of its rows and the sum of their hashes."""
    content = {}
    for table in replicated_tables(server, database):
        columns = server.ask(
            f"SELECT name FROM system.columns WHERE database = '{database}' AND table = '{table}' ORDER BY name"
        )
        texts = ", '|', ".join(f"ifNull(toString({name}), '-')" for (name,) in columns)
        [(rows, total)] = server.ask(
            f"SELECT count(), sum(cityHash64(concat({texts}, ''))) FROM {database}.{table} FINAL"
        )
        content[table] = (rows, total)
    return content


def await_equal_replicas(cluster: Cluster, database: str) -> list[Holding]:
    """Wait until the replicas of each shard are equal; returns each shard's content."""
    contents = []
    for shard in (1, 2):
        first, second = cluster.replicas(shard)

        def same(a: Server = first, b: Server = second) -> Holding:
            mine, other = holding(a, database), holding(b, database)
            return mine if mine == other else {}

        contents.append(wait_for(same, f"the replicas of shard {shard} to hold the same", 60))
    return contents
