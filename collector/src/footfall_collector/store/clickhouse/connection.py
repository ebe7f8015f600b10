"""The connection to ClickHouse: SQL in, rows out, columns in, and errors as sentences that never quote the engine.

The driver is clickhouse-driver. Tests put an embedded ClickHouse behind the same interface.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import clickhouse_driver  # type: ignore[import-untyped]  # it ships no types
from clickhouse_driver.errors import Error, ErrorCodes, ServerException  # type: ignore[import-untyped]  # as above

from ..interface import StoreError, stoppable_query
from .address import ClickHouseAddress

# The driver logs every failed attempt with a traceback; the loader logs once that the store can't be reached.
logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)

ResultRow = tuple[Any, ...]
ServerVersion = tuple[int, int]

FIRST_MODERN: ServerVersion = (21, 0)
"""Servers before this version lack LowCardinality, data-skipping indices and fsync of parts."""

_QUORUM_BUSY = (ErrorCodes.UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE,)
OTHERS_SEEN_SECONDS = 1.0
"""How long an answer may be shown again without asking whether another collector has loaded events."""

_INSERT_ATTEMPTS, _PAUSE_SECONDS = 20, 0.1

_LOGIN = "give the right user in `store` and its password in `store_password` (FOOTFALL_STORE_PASSWORD)"
_BY_CODE = {
    # Codes that servers send.
    192: f"the server doesn't know the user; {_LOGIN}",
    193: f"the server refuses the password; {_LOGIN}",
    516: f"the server refuses the user or the password; {_LOGIN}",
    497: "the user may not do this; grant it all rights on the database, and REMOTE, CLUSTER and reading of `system`",
    81: "there is no such database, and the user may not make it",
    # Codes of the driver's own errors.
    209: "the server doesn't answer in time; see whether it is overloaded, whether a firewall stands between, and "
    "whether the port in `store` is that of the native protocol (9000, with TLS 9440), not of HTTP",
    210: "no server can be reached there; see whether it runs, and whether host, port (9000, with TLS 9440) and "
    "`secure=1` in `store` are right",
    101: "what answers there is not ClickHouse's native protocol; give its TCP port (9000, with TLS 9440) in `store`",
    102: "what answers there is not ClickHouse's native protocol; give its TCP port (9000, with TLS 9440) in `store`",
    198: "the name of the host is not known; look for a mistake in `store`",
}


class EngineError(Exception):
    """The engine refused a statement or can't be reached. The message is the error's class and code, never a query.

    `code` is the error's number from the server or the driver; 0 if it has none.
    """

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class Connection(Protocol):
    """One connection, used by one thread at a time."""

    @property
    def version(self) -> ServerVersion:
        """The first two numbers of the server's version."""

    def execute(self, sql: str, uuids: Sequence[str] | None = None) -> list[ResultRow]:
        """The rows of a statement. `uuids` fill the column `uuid` of `searched`, a table for this query only."""

    def insert(self, table: str, columns: Mapping[str, Sequence[Any]], query_id: str = "") -> None:
        """Insert rows, as columns of equal length. The server runs one query of a `query_id` at a time."""

    def interrupt(self) -> None:
        """End the running statement with an EngineError, from another thread; the connection is of no use then."""

    def close(self) -> None:
        """Close the connection."""


class DriverConnection:
    """A `Connection` over the native protocol to the first server of an address that answers."""

    def __init__(self, address: ClickHouseAddress) -> None:
        with _driver_errors():
            self._client = _connected(address)
            [[text]] = self._client.execute("SELECT version()")
        first, second, *_ = text.split(".")
        self.version: ServerVersion = (int(first), int(second))

    def quorum(self, replicas: int) -> None:
        """Set the replicas that must have an insert before it counts, so that no reader sees a replica without it."""
        if replicas > 1:
            self._client.settings |= {"insert_quorum": replicas, "insert_quorum_timeout": 20_000}
            if self.version >= FIRST_MODERN:
                # Several collectors may insert at the same time; each block still needs its quorum.
                self._client.settings["insert_quorum_parallel"] = 1

    def execute(self, sql: str, uuids: Sequence[str] | None = None) -> list[ResultRow]:
        """See `Connection.execute`."""
        tables = None
        if uuids is not None:
            data = [{"uuid": uuid} for uuid in uuids]
            tables = [{"name": "searched", "structure": [("uuid", "UUID")], "data": data}]
        with _driver_errors():
            rows = self._client.execute(sql, external_tables=tables)
        return rows if isinstance(rows, list) else []

    def insert(self, table: str, columns: Mapping[str, Sequence[Any]], query_id: str = "") -> None:
        """See `Connection.insert`. Waits for another collector's insert that is still collecting its quorum."""
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES"
        with _driver_errors():
            for attempt in range(_INSERT_ATTEMPTS):
                try:
                    self._client.execute(sql, list(columns.values()), columnar=True, query_id=query_id or None)
                    return
                except ServerException as error:
                    if error.code not in _QUORUM_BUSY or attempt == _INSERT_ATTEMPTS - 1:
                        raise
                    time.sleep(_PAUSE_SECONDS)

    def interrupt(self) -> None:
        """See `Connection.interrupt`. The server ends the statement of a connection that is gone."""
        if stream := self._client.connection.socket:
            with suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """See `Connection.close`."""
        self._client.disconnect()


class CountedConnection:
    """The loader's connection: `changed` is called after each of its statements."""

    def __init__(self, connection: Connection, changed: Callable[[], object]) -> None:
        self._connection, self._changed = connection, changed

    @property
    def version(self) -> ServerVersion:
        """See `Connection.version`."""
        return self._connection.version

    def execute(self, sql: str, uuids: Sequence[str] | None = None) -> list[ResultRow]:
        """See `Connection.execute`."""
        try:
            return self._connection.execute(sql, uuids)
        finally:
            self._changed()

    def insert(self, table: str, columns: Mapping[str, Sequence[Any]], query_id: str = "") -> None:
        """See `Connection.insert`."""
        try:
            self._connection.insert(table, columns, query_id)
        finally:
            self._changed()

    def interrupt(self) -> None:
        """See `Connection.interrupt`."""
        self._connection.interrupt()

    def close(self) -> None:
        """See `Connection.close`."""
        self._connection.close()


def _connected(address: ClickHouseAddress) -> clickhouse_driver.Client:
    (host, port), *others = address.hosts
    return clickhouse_driver.Client(
        host,
        port,
        user=address.user,
        password=address.password,
        secure=address.secure,
        alt_hosts=",".join(f"{name}:{number}" for name, number in others) or None,
        client_name="footfall",
        connect_timeout=5,
        send_receive_timeout=120,
        # An insert into a Distributed table returns only when every shard has its part.
        settings={"insert_distributed_sync": 1},
    )


@contextmanager
def _driver_errors() -> Iterator[None]:
    try:
        yield
    except Error as error:
        code = int(getattr(error, "code", None) or 0)
        raise EngineError(f"{type(error).__name__} {code or ''}".strip(), code) from None
    except (OSError, EOFError) as error:
        raise EngineError(type(error).__name__) from None


class ConnectionPool:
    """Connections for queries, each used by one thread at a time. `connect` opens one and may raise EngineError."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._idle: list[Connection] = []
        self._idle_lock = threading.Lock()
        self._changes = 0

    def writer(self) -> Connection:
        """A new connection whose statements count as changes."""
        return CountedConnection(self._connect(), self._count_change)

    def _count_change(self) -> None:
        self._changes += 1

    def revision(self) -> tuple[int, int]:
        """See `Store.revision`. It changes every second: other collectors may have loaded events."""
        return self._changes, int(time.monotonic() / OTHERS_SEEN_SECONDS)

    @contextmanager
    def reader(self) -> Iterator[Connection]:
        """Borrow a connection. It is not reused after an error."""
        with self._idle_lock:
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._connect()
        try:
            with stoppable_query(connection.interrupt):
                yield connection
        except BaseException:
            connection.close()
            raise
        with self._idle_lock:
            self._idle.append(connection)

    def close(self) -> None:
        """Close the idle connections."""
        with self._idle_lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


def server_list(address: ClickHouseAddress) -> str:
    return ", ".join(f"{host}:{port}" for host, port in address.hosts)


@contextmanager
def engine_errors(what: str) -> Iterator[None]:
    """Raise EngineError and OSError as StoreError, by code: the engine's own text may quote stored values."""
    try:
        yield
    except EngineError as error:
        advice = _BY_CODE.get(error.code)
        raise StoreError(f"{what}: {advice} ({error})" if advice else f"{what} ({error})") from error
    except OSError as error:
        raise StoreError(f"{what} ({type(error).__name__})") from error
