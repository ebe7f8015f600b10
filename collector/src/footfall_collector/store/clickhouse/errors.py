"""The engine's errors as sentences: what is wrong, where, and what to do; never a text of the engine's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..interface import StoreError
from .address import Address
from .connection import EngineError

_LOGIN = "give the right user in `store` and its password in `store_password` (FOOTFALL_STORE_PASSWORD)"
_BY_CODE = {
    # By the numbers that servers send: of a user that is not known, of a wrong password, of either in newer servers.
    192: f"the server doesn't know the user; {_LOGIN}",
    193: f"the server refuses the password; {_LOGIN}",
    516: f"the server refuses the user or the password; {_LOGIN}",
    497: "the user may not do this; grant it all rights on the database, and REMOTE, CLUSTER and reading of `system`",
    81: "there is no such database, and the user may not make it",
    # By the numbers that the driver gives its own errors.
    209: "the server doesn't answer in time; see whether it is overloaded, whether a firewall stands between, and "
    "whether the port in `store` is that of the native protocol (9000, with TLS 9440), not of HTTP",
    210: "no server can be reached there; see whether it runs, and whether host, port (9000, with TLS 9440) and "
    "`secure=1` in `store` are right",
    101: "what answers there is not ClickHouse's native protocol; give its TCP port (9000, with TLS 9440) in `store`",
    102: "what answers there is not ClickHouse's native protocol; give its TCP port (9000, with TLS 9440) in `store`",
    198: "the name of the host is not known; look for a mistake in `store`",
}


def places(address: Address) -> str:
    """The servers of an address, as text."""
    return ", ".join(f"{host}:{port}" for host, port in address.hosts)


@contextmanager
def engine_errors(what: str) -> Iterator[None]:
    """The engine's errors as StoreError, by class and code: their messages may quote what was stored."""
    try:
        yield
    except EngineError as error:
        advice = _BY_CODE.get(error.code)
        raise StoreError(f"{what}: {advice} ({error})" if advice else f"{what} ({error})") from error
    except OSError as error:
        raise StoreError(f"{what} ({type(error).__name__})") from error
