"""The SDK's server, which quotes in no answer and in no log line what it was asked."""

import logging
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp_types import CallToolResult, InputRequiredResult
from pydantic import ValidationError

_log = logging.getLogger(__name__)


class DiscreetServer(MCPServer[Any]):
    """Says which argument is wrong and what to write, and not what was written."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """As the SDK's. Raises ToolError with a sentence that has nothing of the call."""
        known = [tool.name for tool in await self.list_tools()]
        if name not in known:
            raise ToolError(f"There is no such tool; known are {', '.join(known)}.")
        try:
            return await super().call_tool(name, arguments, context)
        except UnexpectedToolError:
            raise
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                raise ToolError(_wrong_arguments(error.__cause__)) from error.__cause__
            raise


def _wrong_arguments(error: ValidationError) -> str:
    """Only declared parameters are looked at, so the first part of a place is always the name of one."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in found)


class _Briefly(logging.Handler):
    """The SDK's lines may name what was asked for; what is left is that something failed, and its class."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        _log.error("mcp: a request could not be answered (%s)", kind.__name__ if kind else record.levelname)


def log_briefly() -> None:
    """Let the SDK's log, from errors on, come as short lines of ours."""
    logger = logging.getLogger("mcp")
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    logger.handlers = [_Briefly()]
