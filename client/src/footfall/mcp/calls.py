"""Recording a finished call and a connected client, by the same rules for every SDK."""

import functools
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import msgspec

from ..catalogue import UNKNOWN, ClientConnected, clean_version
from .registered_tools import Names, RegisteredTools

FIRST_SESSIONLESS = "2026-07-28"
"""The first protocol version without `initialize`; versions are dates, so later ones compare greater."""

_MAX_CLIENTS = 1024
_MAX_CHARACTERS = 128
_DAY_SECONDS = 86_400
_MAX_LAYERS = 20


class ErrorResultError(Exception):
    """The error of a tool that returned an error result without raising an exception."""


class CallRecorder:
    """Records calls and connections of one server.

    It keeps no client between calls: the client of a call always comes from its own request. It only remembers which
    clients of the session-less protocol are already recorded for the current UTC day.

    Args:
        names: returns the names of the tools that code registered; None where the server keeps no register.
        source: fills the extra properties of this server's events; None for nothing.

    Attributes:
        tools: the tools whose names are recorded.
        succeeded: call it with tool, client and seconds when a tool call succeeds.
        seen_today: name, version and transport of the clients of session-less requests until `day_ends`, in epoch
            seconds. An adapter looks there first: `client_seen` has nothing to do for these.
    """

    def __init__(self, telemetry: Any, names: Names | None = None, source: Any = None) -> None:
        self.telemetry = telemetry
        self.tools = RegisteredTools(telemetry, names)
        self._source = source
        self.succeeded: Callable[[str, str, float], object] = telemetry.record_call
        if source is not None:
            self.succeeded = functools.partial(telemetry.record_call, source=source)
        self._clients_today: set[tuple[str, str | None, str]] = set()
        self.seen_today: set[tuple[str, str, str]] = set()
        self.day_ends = 0

    def failed(self, tool: str, client: str, seconds: float, error: BaseException) -> None:
        self.telemetry.record_call(tool, client, seconds, unwrap(error), self._source)

    def connected(self, client: str, version: str, transport: str) -> None:
        """Record the start of a session; the version may be empty."""
        self.telemetry.record(
            ClientConnected(mcp_client=client, mcp_client_version=version or None, transport=transport), self._source
        )

    def client_seen(self, client: str, version: str, transport: str) -> None:
        """Record the client of a session-less request, once per process and UTC day."""
        now = time.time()
        if now < self.day_ends:
            if (client, version, transport) in self.seen_today:
                return
        else:
            self.day_ends = (int(now) // _DAY_SECONDS + 1) * _DAY_SECONDS
            self._clients_today.clear()
            self.seen_today.clear()
        as_written = (client[:_MAX_CHARACTERS], version[:_MAX_CHARACTERS], transport)
        # Bounded: a caller that invents client names is not recorded beyond the limit.
        if as_written in self.seen_today or len(self.seen_today) >= _MAX_CLIENTS:
            return
        self.seen_today.add(as_written)
        key = (as_written[0], clean_version(version), transport)
        if key not in self._clients_today:
            self._clients_today.add(key)
            self.connected(client, version, transport)

    def forget_clients(self) -> None:
        """Record each client of the session-less protocol again when it is seen next."""
        self.day_ends = 0


class CallState(msgspec.Struct):
    """State of a running call.

    Attributes:
        request: the request as the SDK passed it to the adapter; None for a call in the background.
        reached: whether the tool was reached.
        error: the exception that the tool raised last.
        in_background: whether the work goes on after the request, in a task that is counted when it ends.
        asks_for_input: whether the tool has asked the client for input, so that the call continues later.
    """

    # A struct: made without a Python frame and without a dict, once per call.
    request: Any = None
    error: BaseException | None = None
    reached: bool = False
    in_background: bool = False
    asks_for_input: bool = False


current_call: ContextVar[CallState | None] = ContextVar("footfall_current_call", default=None)


def capture_exceptions(call: Any, telemetry: Any = None) -> Any:
    """Wrap an async callable so that its exception is stored in `current_call` before an SDK hides it.

    Where `telemetry` is passed, a call outside the instrumented server's own requests is noted: it is not counted.
    """

    @functools.wraps(call)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        current = current_call.get()
        # Where a tool calls another tool, the outermost call decides.
        if current is None or current.reached:
            if current is None and telemetry is not None:
                telemetry.note("uncounted_call")
            return await call(*args, **kwargs)
        current.reached = True
        try:
            return await call(*args, **kwargs)
        except BaseException as error:
            current.error = error
            raise

    return wrapper


def read_client_info(info: Any) -> tuple[str, str]:
    """Name and version of a `clientInfo` (object or mapping); `unknown` and an empty version where it has none."""
    if isinstance(info, dict):
        name, version = info.get("name"), info.get("version")
    else:
        name, version = getattr(info, "name", None), getattr(info, "version", None)
    return (name if type(name) is str and name else UNKNOWN), (version if type(version) is str else "")


def unwrap(error: BaseException) -> BaseException:
    """The exception that the tool raised, without those around it: the SDK's own, and groups, of which it is the first.

    A time-out that the SDK turned into its own error is a `TimeoutError`.
    """
    for _ in range(_MAX_LAYERS):
        inner = _inside(error)
        if inner is None:
            return error
        error = inner
    return error


def _inside(error: BaseException) -> BaseException | None:
    cls = type(error)
    # By name: before Python 3.11 a package of its own defines the class.
    if any(base.__name__ == "BaseExceptionGroup" for base in cls.__mro__):
        exceptions: tuple[BaseException, ...] = getattr(error, "exceptions", ())
        return exceptions[0] if exceptions else None
    if cls.__module__.partition(".")[0] not in ("mcp", "fastmcp"):
        return None
    if cls.__name__ in ("ToolError", "UnexpectedToolError"):
        return error.__cause__
    if cls.__name__ in ("MCPError", "McpError") and isinstance(error.__context__, TimeoutError):
        return error.__context__
    return None
