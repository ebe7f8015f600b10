"""What each server of the cluster holds of a database, so that replicas can be compared."""

from tests.clickhouse.rig.cluster import Cluster, Server
from tests.support.waiting import wait_for

Holding = dict[str, tuple[int, int]]


def replicated_tables(server: Server, database: str) -> list[str]:
    """The tables of a database that have replicas."""
    rows = server.ask(
        f"SELECT name FROM system.tables WHERE database = '{database}' AND engine LIKE 'Replicated%' ORDER BY name"
    )
    return [name for (name,) in rows]


def holding(server: Server, database: str) -> Holding:
    """Of each replicated table: how many rows there are, and the sum of their hashes."""
    found = {}
    for table in replicated_tables(server, database):
        columns = server.ask(
            f"SELECT name FROM system.columns WHERE database = '{database}' AND table = '{table}' ORDER BY name"
        )
        texts = ", '|', ".join(f"ifNull(toString({name}), '-')" for (name,) in columns)
        [(rows, total)] = server.ask(
            f"SELECT count(), sum(cityHash64(concat({texts}, ''))) FROM {database}.{table} FINAL"
        )
        found[table] = (rows, total)
    return found


def await_equal_replicas(cluster: Cluster, database: str) -> list[Holding]:
    """Wait until the replicas of each shard hold the same; what each shard holds."""
    held = []
    for shard in (1, 2):
        first, second = cluster.replicas(shard)

        def same(a: Server = first, b: Server = second) -> Holding:
            mine, other = holding(a, database), holding(b, database)
            return mine if mine == other else {}

        held.append(wait_for(same, f"the replicas of shard {shard} to hold the same", 60))
    return held
