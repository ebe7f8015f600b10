"""Recording a finished call and a connected client, by the same rules for every SDK."""

import functools
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ..catalogue import UNKNOWN, ClientConnected, clean_version

FIRST_SESSIONLESS = "2026-07-28"
"""The first protocol version without `initialize`; versions are dates, so later ones compare greater."""

_MAX_CLIENTS = 1024
_MAX_CHARACTERS = 128
_DAY_SECONDS = 86_400


class ErrorResultError(Exception):
    """The error of a tool that returned an error result without raising an exception."""


class CallRecorder:
    """Records calls and connections of one server.

    It keeps no client between calls: the client of a call always comes from its own request. It only remembers which
    clients of the session-less protocol are already recorded for the current UTC day.

    Attributes:
        succeeded: call it with tool, client and seconds when a tool call succeeds.
    """

    def __init__(self, telemetry: Any) -> None:
        self.telemetry = telemetry
        self.succeeded: Callable[[str, str, float], object] = telemetry.record_call
        self._clients_today: set[tuple[str, str | None, str]] = set()
        self._spellings_today: set[tuple[str, str, str]] = set()
        self._day_ends = 0

    def failed(self, tool: str, client: str, seconds: float, error: BaseException) -> None:
        self.telemetry.record_call(tool, client, seconds, unwrap(error))

    def connected(self, client: str, version: str, transport: str) -> None:
        """Record the start of a session; the version may be empty."""
        self.telemetry.record(
            ClientConnected(mcp_client=client, mcp_client_version=version or None, transport=transport)
        )

    def client_seen(self, client: str, version: str, transport: str) -> None:
        """Record the client of a session-less request, once per process and UTC day."""
        now = time.time()
        if now < self._day_ends:
            # The common case costs one look-up per message.
            if (client, version, transport) in self._spellings_today:
                return
        else:
            self._day_ends = (int(now) // _DAY_SECONDS + 1) * _DAY_SECONDS
            self._clients_today.clear()
            self._spellings_today.clear()
        as_written = (client[:_MAX_CHARACTERS], version[:_MAX_CHARACTERS], transport)
        # Bounded: a caller that invents client names is not recorded beyond the limit.
        if as_written in self._spellings_today or len(self._spellings_today) >= _MAX_CLIENTS:
            return
        self._spellings_today.add(as_written)
        key = (as_written[0], clean_version(version), transport)
        if key not in self._clients_today:
            self._clients_today.add(key)
            self.connected(client, version, transport)


class CallState:
    """State of a running call: whether the tool was reached, and the exception it raised last."""

    # Class attributes are the defaults, which saves every call an __init__.
    error: BaseException | None = None
    reached = False


current_call: ContextVar[CallState | None] = ContextVar("footfall_current_call", default=None)


def capture_exceptions(call: Any) -> Any:
    """Wrap an async callable so that its exception is stored in `current_call` before an SDK hides it."""

    @functools.wraps(call)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        current = current_call.get()
        # Where a tool calls another tool, the outermost call decides.
        if current is None or current.reached:
            return await call(*args, **kwargs)
        current.reached = True
        try:
            return await call(*args, **kwargs)
        except BaseException as error:
            current.error = error
            raise

    return wrapper


class ListedTools:
    """Registers the tools of a server that registers none itself, or whose tools come from elsewhere.

    Only its first complete answer to `tools/list` counts: later tools may be named after a user's resources.
    """

    def __init__(self, telemetry: Any) -> None:
        self._telemetry = telemetry
        self._is_learning = True

    def learn(self, tools: Any, is_last_page: bool) -> None:
        """Register the tools of one answer to `tools/list`, which are objects or mappings."""
        if self._is_learning and isinstance(tools, (list, tuple)):
            names = [tool.get("name") if type(tool) is dict else getattr(tool, "name", None) for tool in tools]
            self._telemetry.register_tools(*[name for name in names if type(name) is str])
            self._is_learning = not is_last_page


def read_client_info(info: Any) -> tuple[str, str]:
    """Name and version of a `clientInfo` (object or mapping); `unknown` and an empty version where it has none."""
    if isinstance(info, dict):
        name, version = info.get("name"), info.get("version")
    else:
        name, version = getattr(info, "name", None), getattr(info, "version", None)
    return (name if type(name) is str and name else UNKNOWN), (version if type(version) is str else "")


def unwrap(error: BaseException) -> BaseException:
    """The exception that the tool raised, without the SDK's own exceptions around it."""
    for _ in range(10):
        cause = error.__cause__
        if cause is None or not _is_wrapper(type(error)):
            return error
        error = cause
    return error


def _is_wrapper(cls: type[BaseException]) -> bool:
    return cls.__name__ in ("ToolError", "UnexpectedToolError") and cls.__module__.split(".")[0] in ("mcp", "fastmcp")
