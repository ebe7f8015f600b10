"""What all adapters share: a finished call, a connected client, by the same rules whatever the SDK."""

import functools
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ..catalogue import UNKNOWN, ClientConnected, clean_version

CLIENT_INFO = "io.modelcontextprotocol/clientInfo"
"""Key of a request's `_meta` that says who calls, in protocol 2026-07-28 and later."""

FIRST_SESSIONLESS = "2026-07-28"
"""The first protocol version without `initialize`; versions are dates, so later ones compare greater."""

_MOST_SEEN = 1024
_LONGEST = 64
_DAY_SECONDS = 86_400


class ErrorResultError(Exception):
    """Stands for the error of a tool that returned an error result without raising anything."""


class Calls:
    """Records calls and connections of one server.

    Nothing about a client is kept here but which were seen today in the session-less protocol: the client of a call
    is always the one of its own request.

    Attributes:
        succeeded: to be called with tool, client and seconds when a tool call ended well.
    """

    def __init__(self, telemetry: Any) -> None:
        self.telemetry = telemetry
        self.succeeded: Callable[[str, str, float], object] = telemetry.record_call
        self._seen: set[tuple[str, str | None, str]] = set()
        self._as_written: set[tuple[str, str, str]] = set()
        self._day_ends = 0

    def failed(self, tool: str, client: str, seconds: float, error: BaseException) -> None:
        """One tool call ended with an error."""
        self.telemetry.record_call(tool, client, seconds, original(error))

    def connected(self, client: str, version: str, transport: str) -> None:
        """A session began; the version may be empty."""
        self.telemetry.record(
            ClientConnected(mcp_client=client, mcp_client_version=version or None, transport=transport)
        )

    def seen(self, client: str, version: str, transport: str) -> None:
        """A request without session came: its client counts once per process and UTC day."""
        now = time.time()
        if now < self._day_ends:
            # Nearly always so: one look-up for each message.
            if (client, version, transport) in self._as_written:
                return
        else:
            self._day_ends = (int(now) // _DAY_SECONDS + 1) * _DAY_SECONDS
            self._seen.clear()
            self._as_written.clear()
        as_written = (client[:_LONGEST], version[:_LONGEST], transport)
        # Bounded: whoever makes up names faster than that is not counted beyond it.
        if as_written in self._as_written or len(self._as_written) >= _MOST_SEEN:
            return
        self._as_written.add(as_written)
        key = (as_written[0], clean_version(version), transport)
        if key not in self._seen:
            self._seen.add(key)
            self.connected(client, version, transport)


class Attempt:
    """What is learnt about one call under way: whether the tool was reached, and what it raised last."""

    # Of the class until they are set: each call is spared an __init__.
    error: BaseException | None = None
    reached = False


attempt: ContextVar[Attempt | None] = ContextVar("footfall_attempt", default=None)


def keep_exceptions(call: Any) -> Any:
    """The same async callable, which lets the attempt under way know what it raised before an SDK hides it."""

    @functools.wraps(call)
    async def kept(*args: Any, **kwargs: Any) -> Any:
        current = attempt.get()
        # Of calls inside a call, the outermost has the last word.
        if current is None or current.reached:
            return await call(*args, **kwargs)
        current.reached = True
        try:
            return await call(*args, **kwargs)
        except BaseException as error:
            current.error = error
            raise

    return kept


class Announced:
    """The tools of a server that registers none, or whose tools come from elsewhere.

    They are those of its first complete answer to `tools/list`: later ones may be named after a user's resources.
    """

    def __init__(self, telemetry: Any) -> None:
        self._telemetry = telemetry
        self._listening = True

    def heard(self, tools: Any, is_last_page: bool) -> None:
        """An answer to `tools/list`: tools as objects or mappings."""
        if self._listening and isinstance(tools, (list, tuple)):
            names = [tool.get("name") if type(tool) is dict else getattr(tool, "name", None) for tool in tools]
            self._telemetry.register_tools(*[name for name in names if type(name) is str])
            self._listening = not is_last_page


def client_of(info: Any) -> tuple[str, str]:
    """Name and version in a `clientInfo`, an object or a mapping; `unknown` and nothing where it says none."""
    if isinstance(info, dict):
        name, version = info.get("name"), info.get("version")
    else:
        name, version = getattr(info, "name", None), getattr(info, "version", None)
    return (name if type(name) is str and name else UNKNOWN), (version if type(version) is str else "")


def original(error: BaseException) -> BaseException:
    """The exception that a tool raised, where an SDK wrapped it in one of its own."""
    for _ in range(10):
        cause = error.__cause__
        if cause is None or not _wraps(type(error)):
            return error
        error = cause
    return error


def _wraps(cls: type[BaseException]) -> bool:
    return cls.__name__ in ("ToolError", "UnexpectedToolError") and cls.__module__.split(".")[0] in ("mcp", "fastmcp")
