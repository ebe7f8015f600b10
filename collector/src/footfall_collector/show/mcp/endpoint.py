"""The ASGI application of `/mcp`, through which a maintainer's assistant reads the answers.

The MCP SDK takes a second and about 40 MB to load, so it is loaded by the first request. Sign-in and the Host
allow-list apply as for every page.
"""

import asyncio
import importlib
from collections.abc import Sequence
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ...answer import Answers, ReadGate
from ...runtime import Status
from .about import AboutPage, ListedTool, is_for_a_person
from .redaction import RedactErrors
from .session_limit import SessionLimit

PATH = "/mcp"
NOT_INSTALLED = (
    "The MCP endpoint needs the MCP SDK, which is not installed here: pip install 'footfall-collector[mcp]'\n"
)
MAX_SESSIONS, _BEGINNING = 100, 20
"""Sessions, and more that may begin at the same moment."""
IDLE_SECONDS = 1800.0


class SdkMissingError(Exception):
    """The MCP SDK is not installed, or not in the version that `footfall-collector[mcp]` asks for."""


class PageOrigins(Protocol):
    """Says which pages may act in a reader's name."""

    def accepts(self, scope: Scope) -> bool:
        """False for a request of another site's page."""

    def refusal(self, scope: Scope) -> str:
        """The sentences of the 403."""


class McpEndpoint:
    """The ASGI application of `/mcp`.

    `shows_all_names`: whether `answers` has the names of tools and classes that only few instances sent.
    """

    def __init__(
        self,
        answers: Answers,
        gate: ReadGate,
        status: Status,
        origins: PageOrigins,
        about: AboutPage,
        shows_all_names: bool = True,
    ) -> None:
        self._origins, self._about = origins, about
        self._answers, self._gate, self._status = answers, gate, status
        self._shows_all_names = shows_all_names
        self._starting = asyncio.Lock()
        self._app: ASGIApp | None = None
        self._tools: Sequence[ListedTool] = ()
        self._sessions: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if is_for_a_person(scope):
            # As every page it may be linked from anywhere; a page of another site can't read it.
            await self._about.response(Request(scope), PATH, await self._listed_tools())(scope, receive, send)
            return
        if not self._origins.accepts(scope):
            # A page of another site must not read in the name of its visitor.
            await PlainTextResponse(self._origins.refusal(scope) + "\n", 403)(scope, receive, send)
            return
        try:
            app = await self._started_app()
        except SdkMissingError:
            await PlainTextResponse(NOT_INSTALLED, 501)(scope, receive, send)
            return
        await app(scope, receive, send)

    async def _listed_tools(self) -> Sequence[ListedTool] | None:
        """The tools as a client sees them; None without the SDK."""
        try:
            await self._started_app()
        except SdkMissingError:
            return None
        return self._tools

    async def _started_app(self) -> ASGIApp:
        """The SDK's application, started by the first request. Raises SdkMissingError."""
        async with self._starting:
            if self._app is None:
                app, versions, self._tools = await asyncio.to_thread(self._build)
                started = asyncio.Event()
                self._sessions = asyncio.create_task(_run_lifespan(app, started))
                await started.wait()
                self._app = RedactErrors(SessionLimit(app, MAX_SESSIONS), versions)
        return self._app

    def _build(self) -> tuple[Starlette, Sequence[str], Sequence[ListedTool]]:
        """The SDK's application, the protocol versions that it supports, and its tools."""
        try:
            importlib.import_module("mcp.server.mcpserver")
        except ImportError:
            raise SdkMissingError from None
        from mcp.server.transport_security import TransportSecuritySettings
        from mcp_types.version import KNOWN_PROTOCOL_VERSIONS

        from .tools import build_server

        server = build_server(self._answers, self._gate, self._status, self._shows_all_names)
        app = server.streamable_http_app(
            streamable_http_path=PATH,
            json_response=True,
            max_sessions=MAX_SESSIONS + _BEGINNING,
            session_idle_timeout=IDLE_SECONDS,
            # The collector's own Host allow-list comes before this.
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        return app, KNOWN_PROTOCOL_VERSIONS, asyncio.run(server.list_tools())


async def _run_lifespan(app: Starlette, started: asyncio.Event) -> None:
    """Hold the sessions until the loop ends, which cancels this task."""
    async with app.router.lifespan_context(app):
        started.set()
        await asyncio.Event().wait()
