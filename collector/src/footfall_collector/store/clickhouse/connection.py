"""How the engine is spoken to: SQL in, rows out, columns in. The driver behind it is clickhouse-driver.

Tests put ClickHouse embedded in the process behind the same interface.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import clickhouse_driver  # type: ignore[import-untyped]  # it ships no types
from clickhouse_driver.errors import Error, ErrorCodes, ServerException  # type: ignore[import-untyped]  # as above

from .address import Address

# It tells of every attempt to reach a server, with a traceback; the loader says once that the store is out of reach.
logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)

Row = tuple[Any, ...]
Version = tuple[int, int]

NO_CTE: Version = (21, 0)
"""Servers before this one lack what modern DDL uses: words kept once, indices that skip, synced parts."""

_BUSY = (ErrorCodes.UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE,)
_TRIES, _PAUSE = 20, 0.1


class EngineError(Exception):
    """The engine refused or can't be reached. The message is the error's class and code: no text of a query.

    `code` is the server's number of the error, or the driver's; 0 where there is none.
    """

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class Connection(Protocol):
    """One connection; one thread at a time."""

    @property
    def version(self) -> Version:
        """The server's first two numbers."""

    def execute(self, sql: str, asked: Sequence[str] | None = None) -> list[Row]:
        """The rows of a statement. `asked` is a table `asked` with one column `uuid`, there for this query only."""

    def insert(self, table: str, columns: Mapping[str, Sequence[Any]], query_id: str = "") -> None:
        """Insert rows, given as columns of one length. Of one `query_id` only one can be under way at a time."""

    def close(self) -> None:
        """Let go of it."""


class DriverConnection:
    """A `Connection` by the native protocol to the first server of an address that answers."""

    def __init__(self, address: Address) -> None:
        with _engine_errors():
            self._client = _connected(address)
            [[text]] = self._client.execute("SELECT version()")
        first, second, *_ = text.split(".")
        self.version: Version = (int(first), int(second))

    def quorum(self, replicas: int) -> None:
        """How many replicas must have an insert before it counts; readers then never see a replica without it."""
        if replicas > 1:
            self._client.settings |= {"insert_quorum": replicas, "insert_quorum_timeout": 20_000}
            if self.version >= NO_CTE:
                # Several collectors may insert at a time; each block still needs its quorum.
                self._client.settings["insert_quorum_parallel"] = 1

    def execute(self, sql: str, asked: Sequence[str] | None = None) -> list[Row]:
        """See `Connection.execute`."""
        tables = None
        if asked is not None:
            data = [{"uuid": uuid} for uuid in asked]
            tables = [{"name": "asked", "structure": [("uuid", "UUID")], "data": data}]
        with _engine_errors():
            found = self._client.execute(sql, external_tables=tables)
        return found if isinstance(found, list) else []

    def insert(self, table: str, columns: Mapping[str, Sequence[Any]], query_id: str = "") -> None:
        """See `Connection.insert`. Another collector's insert that waits for its quorum is waited for."""
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES"
        with _engine_errors():
            for attempt in range(_TRIES):
                try:
                    self._client.execute(sql, list(columns.values()), columnar=True, query_id=query_id or None)
                    return
                except ServerException as error:
                    if error.code not in _BUSY or attempt == _TRIES - 1:
                        raise
                    time.sleep(_PAUSE)

    def close(self) -> None:
        """See `Connection.close`."""
        self._client.disconnect()


def _connected(address: Address) -> clickhouse_driver.Client:
    (host, port), *others = address.hosts
    return clickhouse_driver.Client(
        host,
        port,
        user=address.user,
        password=address.password,
        secure=address.secure,
        alt_hosts=",".join(f"{name}:{at}" for name, at in others) or None,
        client_name="footfall",
        connect_timeout=5,
        send_receive_timeout=120,
        # Inserts into a Distributed table return when every shard has its part.
        settings={"insert_distributed_sync": 1},
    )


@contextmanager
def _engine_errors() -> Iterator[None]:
    try:
        yield
    except Error as error:
        code = int(getattr(error, "code", None) or 0)
        raise EngineError(f"{type(error).__name__} {code or ''}".strip(), code) from None
    except (OSError, EOFError) as error:
        raise EngineError(type(error).__name__) from None


class Pool:
    """Connections for whoever reads, each by one thread at a time. `connect` makes one, and raises EngineError."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._idle: list[Connection] = []
        self._guard = threading.Lock()

    @contextmanager
    def reader(self) -> Iterator[Connection]:
        """A connection for the time being; one that failed is not used again."""
        with self._guard:
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        with self._guard:
            self._idle.append(connection)

    def close(self) -> None:
        """Let go of those that nobody uses."""
        with self._guard:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
