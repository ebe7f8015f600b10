"""The page that a browser gets at `/mcp`: what it is, how each client connects to it, and which tools it has."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from ..pages import Assets, template_environment

NAME = "footfall"
"""The server's name in the clients' configurations."""


class ListedTool(Protocol):
    """A tool as the server lists it."""

    name: str
    title: str | None
    description: str | None


def is_for_a_person(scope: Scope) -> bool:
    """Whether a request is a browser's for a page: MCP clients ask for JSON or for a stream of events."""
    accepted = Request(scope).headers.get("accept", "")
    return scope["method"] in {"GET", "HEAD"} and "text/html" in accepted and "text/event-stream" not in accepted


class AboutPage:
    """The page. Its configurations have the address that the browser asked for.

    `asks_for_token`: whether readers sign in, so that a client needs a token.
    """

    def __init__(self, assets: Assets, documentation: str, asks_for_token: bool) -> None:
        self._assets, self._documentation, self._asks_for_token = assets, documentation, asks_for_token
        self._template = template_environment(Path(__file__).parent / "templates").get_template("about.html")

    def response(self, request: Request, path: str, tools: Sequence[ListedTool] | None) -> Response:
        """The page of an endpoint at `path`; without `tools` it says that the SDK is not installed."""
        address = str(request.base_url).rstrip("/") + self._assets.root + path
        values = {
            "static": self._assets.base,
            "root": self._assets.root,
            "documentation": self._documentation,
            "asks_for_token": self._asks_for_token,
            "address": address,
            "clients": _configurations(address, self._asks_for_token),
            "tools": None if tools is None else [_described(tool) for tool in tools],
        }
        # A cache must not give the page to a client that asks for the protocol.
        return HTMLResponse(self._template.render(values), headers={"cache-control": "no-store", "vary": "accept"})


def _described(tool: ListedTool) -> tuple[str, str, str]:
    """Name, title and the description's first paragraph; what follows it is for models."""
    return tool.name, tool.title or "", (tool.description or "").split("\n\n")[0]


def _configurations(address: str, asks_for_token: bool) -> list[tuple[str, str, str]]:
    """(client, where its configuration is, text) of each client."""

    def server(kind: str | None, token: str) -> dict[str, object]:
        described: dict[str, object] = {"type": kind} if kind else {}
        described["url"] = address
        if asks_for_token:
            described["headers"] = {"Authorization": f"Bearer {token}"}
        return described

    def text(configuration: dict[str, object]) -> str:
        return json.dumps(configuration, indent=2)

    header = ' \\\n  --header "Authorization: Bearer $FOOTFALL_TOKEN"' if asks_for_token else ""
    asked = [{"type": "promptString", "id": "footfall-token", "description": "Token of Footfall", "password": True}]
    inputs: dict[str, object] = {"inputs": asked} if asks_for_token else {}
    return [
        ("Claude Code", "a command", f"claude mcp add --transport http {NAME} \\\n  {address}{header}"),
        ("Cursor", ".cursor/mcp.json", text({"mcpServers": {NAME: server(None, "${env:FOOTFALL_TOKEN}")}})),
        ("VS Code", ".vscode/mcp.json", text(inputs | {"servers": {NAME: server("http", "${input:footfall-token}")}})),
        ("Any other client", "Streamable HTTP", text({"mcpServers": {NAME: server("http", "fft_…")}})),
    ]
