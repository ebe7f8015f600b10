"""`/mcp`: the answers as read-only MCP tools, so that a maintainer asks an assistant what broke.

Nothing of it exists before the first request: the MCP SDK alone takes a second and some 40 MB. It comes with
`footfall-collector[mcp]`. Sign-in and the Host allow-list stand before it, as before every page.
"""

import asyncio
import importlib.util
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ...answer import Answers
from ...runtime import Status
from .redaction import Discreet

PATH = "/mcp"
MISSING = "The MCP endpoint needs the MCP SDK: install `footfall-collector[mcp]`.\n"
MOST_SESSIONS = 100
IDLE_SECONDS = 1800.0


class Assistant:
    """The ASGI application of `/mcp`."""

    def __init__(self, answers: Answers, status: Status) -> None:
        self._answers, self._status = answers, status
        self._starting = asyncio.Lock()
        self._app: ASGIApp | None = None
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if importlib.util.find_spec("mcp.server.mcpserver") is None:
            await PlainTextResponse(MISSING, 501)(scope, receive, send)
            return
        if not _same_origin(Request(scope)):
            # A page of another site must not ask in the name of whoever looks at it.
            await PlainTextResponse("Requests from other sites are refused.\n", 403)(scope, receive, send)
            return
        app = await self._ready()
        await app(scope, receive, send)

    async def _ready(self) -> ASGIApp:
        async with self._starting:
            if self._app is None:
                app = await asyncio.to_thread(self._built)
                started = asyncio.Event()
                self._running = asyncio.create_task(_kept_running(app, started))
                await started.wait()
                self._app = Discreet(app)
        return self._app

    def _built(self) -> Starlette:
        from mcp.server.transport_security import TransportSecuritySettings

        from .tools import build_server

        return build_server(self._answers, self._status).streamable_http_app(
            streamable_http_path=PATH,
            json_response=True,
            max_sessions=MOST_SESSIONS,
            session_idle_timeout=IDLE_SECONDS,
            # The collector's own allow-list of hosts stands before this.
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )


async def _kept_running(app: Starlette, started: asyncio.Event) -> None:
    """Hold the sessions until the loop ends, which cancels this."""
    async with app.router.lifespan_context(app):
        started.set()
        await asyncio.Event().wait()


def _same_origin(request: Request) -> bool:
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
