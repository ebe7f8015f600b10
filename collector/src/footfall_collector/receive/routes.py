"""Ingestion over bare ASGI: every path that SDKs use."""

import asyncio
from collections.abc import Awaitable, Callable

from ..runtime import Status
from .asgi import Answer, Receive, Scope, Send, cors, preflight, send_answer
from .capture import ALL_METHODS, ENGAGE, OK, Capture, Way
from .limits import ClientGoneError, read_body
from .protocol import sdk_answers, v1
from .refusals import RefusedError

Handler = Callable[[Scope, Receive], Awaitable[Answer]]

_V0 = ("/batch", "/i/v0/e", "/e", "/capture", "/track", ENGAGE, "/i/v0/ai/batch")
"""The last of them is for events of language models: none of ours, refused one by one as on the other paths."""


class Ingestion:
    """The ASGI application of the paths in `handler`.

    Attributes:
        ways: how a POST to a path (as it stands in a request) is read, where it brings events.
    """

    def __init__(self, capture: Capture, status: Status) -> None:
        self._capture, self._status = capture, status
        found: dict[str, Way] = {**dict.fromkeys(_V0, capture.v0), v1.PATH: capture.v1}
        # Each path with and without its last slash.
        paths = {path + slash: way for path, way in found.items() for slash in ("", "/")}
        self.ways = {path.encode(): way for path, way in paths.items()}
        self._handlers = {path: self._capturing(way) for path, way in paths.items()} | self._others()

    def _others(self) -> dict[str, Handler]:
        # Session recordings are no events: taken, so that no SDK tries again, and not kept.
        found: dict[str, Handler] = {"/s": self._discard, "/flags": self._flags, "/decide": self._decide}
        return found | {path + "/": handler for path, handler in found.items()}

    def handler(self, path: str) -> Handler | None:
        """Who answers a path, None where it is not one of ingestion's."""
        found = self._handlers.get(path)
        if found is None and path.startswith("/array/"):
            return self._remote_config
        return found

    async def __call__(self, handler: Handler, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request with the handler of its path."""
        method = scope["method"]
        try:
            if method in ("POST", "GET"):
                answer = await handler(scope, receive)
            elif method == "OPTIONS":
                answer = Answer(204, headers=preflight(scope))
            else:
                raise RefusedError(405, "method", f"Use {ALL_METHODS.decode()} here.")
        except RefusedError as refusal:
            answer = self._capture.refused(scope, refusal)
        except ClientGoneError:
            self._status.increment("requests_refused", reason="client_gone")
            return
        await send_answer(send, answer)

    def _capturing(self, way: Way) -> Handler:
        async def handler(scope: Scope, receive: Receive) -> Answer:
            body = await read_body(receive, self._capture.limits, self._capture.waiting)
            answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

            def done(answer: Answer) -> None:
                # Else the request was given up meanwhile.
                if not answered.done():
                    answered.set_result(answer)

            self._capture.begin(way, scope, body, done)
            del body
            return await answered

        return handler

    async def _thrown_away(self, receive: Receive) -> None:
        capture = self._capture
        capture.waiting.give_back(len(await read_body(receive, capture.limits, capture.waiting)))

    async def _discard(self, scope: Scope, receive: Receive) -> Answer:
        await self._thrown_away(receive)
        self._status.increment("requests_discarded")
        return Answer(200, OK, headers=cors(scope))

    async def _flags(self, scope: Scope, receive: Receive) -> Answer:
        await self._thrown_away(receive)
        return Answer(200, sdk_answers.flags(), headers=cors(scope))

    async def _decide(self, scope: Scope, receive: Receive) -> Answer:
        await self._thrown_away(receive)
        return Answer(200, sdk_answers.decide(), headers=cors(scope))

    async def _remote_config(self, scope: Scope, receive: Receive) -> Answer:
        del receive
        found = sdk_answers.remote_config(scope["path"])
        if found is None:
            raise RefusedError(404, "unknown_path", "There is nothing at this path.")
        body, content_type = found
        return Answer(200, body, content_type.encode(), cors(scope))
