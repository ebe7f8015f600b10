"""Where a ClickHouse store is: `clickhouse://user:password@host:9000,other:9000/database?cluster=name&quorum=2`."""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from ..interface import StoreError

SCHEME = "clickhouse"
PORT = 9000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")
_FORM = "write clickhouse://user@host:9000/database, with ?cluster=name for a cluster"


@dataclass(frozen=True)
class Address:
    """A store's servers and what is asked of them.

    Attributes:
        hosts: (name, port) of servers that may be connected to, tried in order.
        cluster: name of the cluster in the servers' configuration; empty for a single server.
        quorum: replicas that must have an insert before it counts; 0 for all of a shard.
        secure: whether to use TLS.
    """

    hosts: tuple[tuple[str, int], ...]
    database: str
    user: str = "default"
    password: str = field(default="", repr=False)
    cluster: str = ""
    quorum: int = 0
    secure: bool = False


def parse(text: str, password: str = "") -> Address:
    """The address in a setting; `password` is the one that is set apart. Raises StoreError, without the text."""
    try:
        parts = urlsplit(text)
        login, _, places = parts.netloc.rpartition("@")
        hosts = tuple(_host(place) for place in places.split(","))
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
    user, _, given = login.partition(":")
    return Address(hosts, database, unquote(user) or "default", password or unquote(given), cluster, quorum, secure)


def _host(place: str) -> tuple[str, int]:
    bare = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(?::(\d{1,5}))?", place)
    if bare is None:
        raise ValueError(place)
    return bare[1].strip("[]"), int(bare[2] or PORT)
