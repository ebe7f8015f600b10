"""The SDK's server, without the content of a call in its answers and log lines."""

import functools
import logging
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from mcp import MCPError
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp_types import INVALID_PARAMS, CallToolResult, InputRequiredResult
from pydantic import AnyUrl, ValidationError

from ...answer import BusyError, ReadGate
from ..gated import through_gate
from .redaction import NO_SUCH_PROMPT, NO_SUCH_RESOURCE, NO_SUCH_TOOL

_log = logging.getLogger(__name__)


class RedactingServer(MCPServer[Any]):
    """Its errors name the wrong argument and the valid values, never the value that was sent.

    It has tools only. A name that does not exist is the caller's mistake: a JSON-RPC error, and no line in the log.
    """

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """As the SDK's. Raises MCPError for an unknown tool; ToolError with no content of the call for all else."""
        if name not in [tool.name for tool in await self.list_tools()]:
            raise MCPError(INVALID_PARAMS, NO_SUCH_TOOL)
        try:
            return await super().call_tool(name, arguments, context)
        except UnexpectedToolError:
            raise
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                raise ToolError(_wrong_arguments(error.__cause__)) from error.__cause__
            raise

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[Any, Any] | None = None
    ) -> NoReturn:
        """There are no prompts. The SDK takes an unknown name for a failure of the server."""
        raise MCPError(INVALID_PARAMS, NO_SUCH_PROMPT)

    async def read_resource(self, uri: AnyUrl | str, context: Context[Any, Any] | None = None) -> NoReturn:
        """There are no resources. The SDK takes a malformed address for a failure of the server."""
        raise MCPError(INVALID_PARAMS, NO_SUCH_RESOURCE)


def gated_tool(tool: Callable[..., dict[str, Any]], gate: ReadGate) -> Callable[..., Awaitable[dict[str, Any]]]:
    """A tool that waits for its turn, like every reader. Its call ends where the client cancels it."""

    @functools.wraps(tool)
    async def call(*args: Any, **kwargs: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = await through_gate(gate, functools.partial(tool, *args, **kwargs))
            return answer
        except BusyError as busy:
            raise ToolError(str(busy)) from None

    return call


def _wrong_arguments(error: ValidationError) -> str:
    # Only declared parameters are validated, so the first part of a location is the name of one.
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in problems)


class _ClassNameHandler(logging.Handler):
    """Logs the class of an exception only: the SDK's own lines may quote the request."""

    def emit(self, record: logging.LogRecord) -> None:
        exception = record.exc_info[0] if record.exc_info else None
        _log.error("mcp: a request could not be answered (%s)", exception.__name__ if exception else record.levelname)


def log_class_names_only() -> None:
    """Replace the SDK's log lines, from errors on, by lines with the exception's class."""
    logger = logging.getLogger("mcp")
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    logger.handlers = [_ClassNameHandler()]
