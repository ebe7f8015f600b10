"""The configuration files of the rig's ZooKeeper and ClickHouse servers. The limits are small: four servers and the
tests share two processors."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CLUSTER = "footfall"
"""The cluster's name in every server's `remote_servers`."""


@dataclass(frozen=True)
class ServerPlace:
    """A server: the number of its shard and of its replica, both from 1, and its ports."""

    shard: int
    replica: int
    tcp: int
    http: int
    interserver: int

    @property
    def name(self) -> str:
        """`shard1replica2`."""
        return f"shard{self.shard}replica{self.replica}"


def zookeeper_files(folder: Path, port: int) -> Path:
    """Write ZooKeeper's configuration; returns its path."""
    path = folder / "zoo.cfg"
    path.write_text(
        f"dataDir={folder / 'data'}\nclientPort={port}\nclientPortAddress=127.0.0.1\ntickTime=1000\n"
        "admin.enableServer=false\nmaxClientCnxns=200\n4lw.commands.whitelist=srvr\n"
    )
    return path


def server_files(folder: Path, place: ServerPlace, places: Sequence[ServerPlace], zookeeper: int) -> Path:
    """Write one server's configuration; returns the main file's path."""
    users = folder / "users.xml"
    users.write_text(_USERS)
    path = folder / "config.xml"
    path.write_text(
        f"""<yandex>
  <logger><level>warning</level><log>{folder}/server.log</log><errorlog>{folder}/errors.log</errorlog></logger>
  <listen_host>127.0.0.1</listen_host>
  <tcp_port>{place.tcp}</tcp_port>
  <http_port>{place.http}</http_port>
  <interserver_http_port>{place.interserver}</interserver_http_port>
  <interserver_http_host>127.0.0.1</interserver_http_host>
  <path>{folder}/data/</path>
  <tmp_path>{folder}/data/tmp/</tmp_path>
  <user_files_path>{folder}/data/user_files/</user_files_path>
  <format_schema_path>{folder}/data/format_schemas/</format_schema_path>
  <users_config>{users}</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <timezone>Pacific/Auckland</timezone>
  <max_connections>200</max_connections>
  <uncompressed_cache_size>1048576</uncompressed_cache_size>
  <mark_cache_size>33554432</mark_cache_size>
  <builtin_dictionaries_reload_interval>3600</builtin_dictionaries_reload_interval>
  <zookeeper><node><host>127.0.0.1</host><port>{zookeeper}</port></node>
    <session_timeout_ms>6000</session_timeout_ms></zookeeper>
  <macros><shard>{place.shard}</shard><replica>{place.name}</replica></macros>
  <remote_servers><{CLUSTER}>{_shards(places)}</{CLUSTER}></remote_servers>
  <distributed_ddl><path>/clickhouse/task_queue/ddl</path></distributed_ddl>
</yandex>
"""
    )
    return path


def _shards(places: Sequence[ServerPlace]) -> str:
    shards = ""
    for number in sorted({place.shard for place in places}):
        replicas = "".join(
            f"<replica><host>127.0.0.1</host><port>{place.tcp}</port></replica>"
            for place in places
            if place.shard == number
        )
        shards += f"<shard><internal_replication>true</internal_replication>{replicas}</shard>"
    return shards


_USERS = """<yandex>
  <profiles><default>
    <max_memory_usage>600000000</max_memory_usage>
    <max_threads>2</max_threads>
    <background_pool_size>2</background_pool_size>
    <background_schedule_pool_size>4</background_schedule_pool_size>
    <connect_timeout_with_failover_ms>1000</connect_timeout_with_failover_ms>
    <log_queries>0</log_queries>
  </default></profiles>
  <users><default>
    <password></password>
    <networks><ip>127.0.0.1</ip></networks>
    <profile>default</profile>
    <quota>default</quota>
  </default></users>
  <quotas><default><interval><duration>3600</duration></interval></default></quotas>
</yandex>
"""
