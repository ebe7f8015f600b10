"""The HTTP routes besides MCP: `/healthz` for probes."""

from typing import Any

from mcp.server.mcpserver import MCPServer
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


def add_routes(server: MCPServer[Any]) -> None:
    """Add the plain HTTP routes, which only the HTTP transports have."""

    async def healthz(_: Request) -> Response:
        """Whether this process serves. It does not ask the cluster, whose outage is no reason to restart this pod."""
        return JSONResponse({"status": "ok"})

    server.custom_route("/healthz", methods=["GET"])(healthz)
