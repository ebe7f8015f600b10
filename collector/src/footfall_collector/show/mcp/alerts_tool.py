"""The tool `alerts`: what the rules found, from begin to end. It reads memory, so it needs no turn at the gate."""

from typing import Any

import msgspec
from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations

from ...runtime import Status
from .untrusted import NOTE, mark_sentence

MAX_ALERTS = 50
_DESCRIPTION = (
    "What rules found in the last 90 days, the newest first: regressions, unusual error rates and numbers of "
    f"instances, missing events, refusals, new error classes; each from begin to end.\n\n{NOTE}"
)


def add_alerts_tool(server: "MCPServer[Any]", status: Status, annotations: ToolAnnotations) -> None:
    """Add the tool to the server."""

    async def alerts() -> dict[str, Any]:
        entries = status.alert_entries()
        return {
            "note": NOTE,
            "open": sum(each.end is None for each in entries),
            "alerts": [
                msgspec.to_builtins(each) | {"sentence": mark_sentence(each.sentence)} for each in entries[:MAX_ALERTS]
            ],
        }

    server.tool(title="Alerts", description=_DESCRIPTION, annotations=annotations)(alerts)
