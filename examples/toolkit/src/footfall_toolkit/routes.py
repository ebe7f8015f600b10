"""What the server answers besides MCP: `/healthz` for probes."""

from typing import Any

from mcp.server.mcpserver import MCPServer
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


def add_routes(server: MCPServer[Any]) -> None:
    """Add the plain HTTP routes; they exist in the HTTP transports only."""

    async def healthz(_: Request) -> Response:
        """Whether this process serves. The cluster is not asked: its outage is no reason to restart us."""
        return JSONResponse({"status": "ok"})

    server.custom_route("/healthz", methods=["GET"])(healthz)
