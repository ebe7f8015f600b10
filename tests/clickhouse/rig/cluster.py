"""A real cluster on loopback: one ZooKeeper and four ClickHouse servers, two shards of two replicas each."""

import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clickhouse_driver import Client  # type: ignore[import-untyped] # it ships no types
from clickhouse_driver.errors import Error  # type: ignore[import-untyped] # as above

from scripts.setup import find_clickhouse
from tests.clickhouse.rig.configuration import CLUSTER, ServerPlace, server_files, zookeeper_files
from tests.clickhouse.rig.processes import Program, free_ports
from tests.support.waiting import wait_for

READY_SECONDS = 60.0

# The driver logs a traceback for every unreachable server; these tests kill servers on purpose.
logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)


class Server:
    """A ClickHouse server of the cluster."""

    def __init__(self, place: ServerPlace, program: Program) -> None:
        self.place, self.program = place, program

    def ask(self, sql: str, **settings: Any) -> list[tuple[Any, ...]]:
        """The rows of a statement, over a new connection. Raises the driver's errors."""
        with Client("127.0.0.1", self.place.tcp, connect_timeout=2, settings=settings) as client:
            rows = client.execute(sql)
        return rows if isinstance(rows, list) else []

    @property
    def answers(self) -> bool:
        """Whether the server answers a statement."""
        try:
            return self.program.running and self.ask("SELECT 1") == [(1,)]
        except (Error, OSError, EOFError):
            return False

    def await_ready(self) -> None:
        """Wait until the server answers; AssertionError with its output if it ends."""

        def ready() -> bool:
            assert self.program.running, f"{self.place.name} ended:\n{self.program.output}"
            return self.answers

        wait_for(ready, f"{self.place.name} to take statements", READY_SECONDS)

    def restart(self) -> None:
        """Start the server after it was killed, and wait until it is ready."""
        self.program.start()
        self.await_ready()


class Cluster:
    """The servers in the order of `places`: shard 1 replica 1, shard 1 replica 2, shard 2 …"""

    def __init__(self, zookeeper: Program, servers: Sequence[Server]) -> None:
        self.zookeeper, self.servers = zookeeper, servers

    def url(self, *servers: Server, database: str = "footfall", cluster: str = CLUSTER) -> str:
        """The setting `store` for these servers, or for all."""
        hosts = ",".join(f"127.0.0.1:{server.place.tcp}" for server in servers or self.servers)
        return f"clickhouse://default@{hosts}/{database}?cluster={cluster}"

    def ask(self, sql: str, **settings: Any) -> list[tuple[Any, ...]]:
        """The rows of a statement, from the first server."""
        return self.servers[0].ask(sql, **settings)

    def replicas(self, shard: int) -> list[Server]:
        """The servers with a copy of a shard."""
        return [server for server in self.servers if server.place.shard == shard]

    def kill(self) -> None:
        """SIGKILL for every ClickHouse server."""
        for server in self.servers:
            server.program.kill()

    def restart(self) -> None:
        """Start every server that was killed, and wait until all are ready."""
        stopped = [server for server in self.servers if not server.program.running]
        for server in stopped:
            server.program.start()
        for server in stopped:
            server.await_ready()


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """The cluster, with its files below `folder`; all programs are killed at the end."""
    programs: list[Program] = []
    try:
        zookeeper, port = _zookeeper(folder)
        programs.append(zookeeper)
        zookeeper.start()
        # This version of ClickHouse sometimes crashes if it starts before ZooKeeper.
        wait_for(lambda: _serves(port), "ZooKeeper to serve", READY_SECONDS)
        servers = _servers(folder, port)
        programs += [server.program for server in servers]
        cluster = Cluster(zookeeper, servers)
        cluster.restart()
        wait_for(lambda: _sees_zookeeper(cluster), "the servers to see ZooKeeper", READY_SECONDS)
        yield cluster
    finally:
        for program in reversed(programs):
            program.kill()


def _serves(port: int) -> bool:
    """Whether ZooKeeper answers that it serves."""
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as connection:
            connection.sendall(b"srvr")
            return b"Mode: standalone" in connection.recv(4096)
    except OSError:
        return False


def _sees_zookeeper(cluster: Cluster) -> bool:
    try:
        return all(server.ask("SELECT count() FROM system.zookeeper WHERE path = '/'") for server in cluster.servers)
    except (Error, OSError, EOFError):
        return False


def _zookeeper(folder: Path) -> tuple[Program, int]:
    [port] = free_ports(1)
    place = folder / "zookeeper"
    place.mkdir(parents=True)
    java, jar = _required(find_clickhouse.java()), _required(find_clickhouse.zookeeper())
    main = "org.apache.zookeeper.server.ZooKeeperServerMain"
    options = ["-Xmx96m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", jar]
    return Program("zookeeper", [java, *options, main, str(zookeeper_files(place, port))], place), port


def _servers(folder: Path, zookeeper: int) -> list[Server]:
    binary = _required(find_clickhouse.server())
    ports = iter(free_ports(12))
    places = [
        ServerPlace(shard, replica, next(ports), next(ports), next(ports)) for shard in (1, 2) for replica in (1, 2)
    ]
    servers = []
    for place in places:
        own = folder / place.name
        (own / "data").mkdir(parents=True)
        path = server_files(own, place, places, zookeeper)
        servers.append(Server(place, Program(place.name, [binary, f"--config-file={path}"], own)))
    return servers


def _required(path: str | None) -> str:
    assert path is not None, "the cluster's tests need ClickHouse's server, ZooKeeper and Java: run `make clickhouse`"
    return path
