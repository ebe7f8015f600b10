"""Ends the session that was used longest ago where another one begins and there are as many as may be.

A client that opens a session for each question, and ends none, would otherwise keep all others out until its sessions
time out. Whose session has ended gets a 404, after which a client begins a new one.
"""

from collections import OrderedDict

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SESSION = "mcp-session-id"


class SessionLimit:
    """ASGI middleware around the SDK's application. It ends sessions as clients do, by DELETE."""

    def __init__(self, app: ASGIApp, max_sessions: int) -> None:
        self._app, self._max_sessions = app, max_sessions
        # The session that was used longest ago is first. One that the SDK has ended since stays until it is.
        self._sessions: OrderedDict[str, None] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = Headers(scope=scope).get(_SESSION)
        if session is not None and session in self._sessions:
            self._sessions.move_to_end(session)
        while session is None and len(self._sessions) >= self._max_sessions:
            await self._end(self._sessions.popitem(last=False)[0], scope)

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start" and session is None and message["status"] < 300:
                begun = Headers(raw=message["headers"]).get(_SESSION)
                if begun is not None:
                    self._sessions[begun] = None
            await send(message)

        await self._app(scope, receive, send_and_note)

    async def _end(self, session: str, scope: Scope) -> None:
        """`scope` is that of the request that begins another one."""
        headers = [
            (b"host", Headers(scope=scope).get("host", "").encode("latin-1")),
            (_SESSION.encode(), session.encode()),
        ]
        await self._app({**scope, "method": "DELETE", "headers": headers}, _receive_nothing, _discard)


async def _receive_nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _discard(message: Message) -> None:
    """Nobody waits for the answer."""
