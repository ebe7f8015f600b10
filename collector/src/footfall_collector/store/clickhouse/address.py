"""The address of a ClickHouse store: `clickhouse://user:password@host:9000,other:9000/database?cluster=name&quorum=2`."""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from ..interface import StoreError

SCHEME = "clickhouse"
PORT = 9000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")
_FORM = "write clickhouse://user@host:9000/database, with ?cluster=name for a cluster"


@dataclass(frozen=True)
class ClickHouseAddress:
    """A store's servers and how to use them.

    Attributes:
        hosts: (name, port) of the servers to connect to, tried in order.
        cluster: the cluster's name in the servers' configuration; empty for a single server.
        quorum: replicas that must have an insert before it counts; 0 for all replicas of a shard.
        secure: use TLS.
    """

    hosts: tuple[tuple[str, int], ...]
    database: str
    user: str = "default"
    password: str = field(default="", repr=False)
    cluster: str = ""
    quorum: int = 0
    secure: bool = False


def parse_address(text: str, password: str = "") -> ClickHouseAddress:
    """Parse the setting `store`; `password` is `store_password`. Raises StoreError, which doesn't quote the text."""
    try:
        parts = urlsplit(text)
        login, _, servers = parts.netloc.rpartition("@")
        hosts = tuple(_host_and_port(server) for server in servers.split(","))
        options = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
        quorum = int(options.pop("quorum", "0"))
        secure = options.pop("secure", "0") in ("1", "true")
    except ValueError:
        raise StoreError(f"store: the address can't be read: {_FORM}") from None
    database, cluster = parts.path.strip("/") or "footfall", options.pop("cluster", "")
    if parts.scheme != SCHEME or not all(host for host, _ in hosts) or not 0 <= quorum <= 100:
        raise StoreError(f"store: {_FORM}")
    if options:
        raise StoreError(f"store: known options are cluster, quorum and secure: {_FORM}")
    for name in (database, cluster or "none"):
        if not _NAME.fullmatch(name):
            raise StoreError("store: names of a database or cluster are letters, digits, `_` and `-`")
    user, _, url_password = login.partition(":")
    return ClickHouseAddress(
        hosts, database, unquote(user) or "default", password or unquote(url_password), cluster, quorum, secure
    )


def _host_and_port(server: str) -> tuple[str, int]:
    match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(?::(\d{1,5}))?", server)
    if match is None:
        raise ValueError(server)
    return match[1].strip("[]"), int(match[2] or PORT)
