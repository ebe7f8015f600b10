"""Ingestion over bare ASGI: every path that SDKs use, for requests that the fast path does not take."""

import asyncio
from collections.abc import Awaitable, Callable

from ..runtime import Status
from .asgi import Answer, Receive, Scope, Send, cors, preflight, send_answer
from .limits import ClientGoneError, Reservation, limited_peer, read_body
from .pipeline import ALL_METHODS, IngestionPipeline
from .protocol import DecodeRequest, sdk_answers, v0, v1
from .refusals import RefusedError

Handler = Callable[[Scope, Receive], Awaitable[Answer]]

_V0 = ("/batch", "/i/v0/e", "/e", "/capture", "/track", v0.ENGAGE, "/i/v0/ai/batch")
"""The last one is for events of language models; no product has such events, so each is refused."""


class IngestionRoutes:
    """The ASGI application of the paths in `handler`.

    Attributes:
        decoders: path as in a request line to the protocol version of a POST of events to it.
    """

    def __init__(self, pipeline: IngestionPipeline, status: Status) -> None:
        self._pipeline, self._status = pipeline, status
        versions: dict[str, DecodeRequest] = {**dict.fromkeys(_V0, v0.decode), v1.PATH: v1.decode}
        # Each path with and without a slash at its end.
        by_path = {path + slash: decode for path, decode in versions.items() for slash in ("", "/")}
        self.decoders = {path.encode(): decode for path, decode in by_path.items()}
        self._handlers = {path: self._event_handler(decode) for path, decode in by_path.items()} | self._others()

    def _others(self) -> dict[str, Handler]:
        # Session recordings are answered with 200, so that no SDK sends them again, and not stored.
        handlers: dict[str, Handler] = {"/s": self._discard, "/flags": self._flags, "/decide": self._decide}
        return handlers | {path + "/": handler for path, handler in handlers.items()}

    def handler(self, path: str) -> Handler | None:
        """The handler of a path; None where it is not a path of ingestion."""
        handler = self._handlers.get(path)
        if handler is None and path.startswith("/array/"):
            return self._remote_config
        return handler

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
            answer = self._pipeline.refuse(scope, refusal)
        except ClientGoneError:
            self._status.increment("requests_refused", reason="client_gone")
            return
        await send_answer(send, answer)

    def _event_handler(self, decode: DecodeRequest) -> Handler:
        async def handler(scope: Scope, receive: Receive) -> Answer:
            pipeline, peer = self._pipeline, limited_peer(scope)
            body = await read_body(receive, pipeline.limits, pipeline.memory, peer)
            reserved = Reservation(pipeline.memory, len(body), peer)
            answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

            def respond(answer: Answer) -> None:
                # The request may have been cancelled during the commit.
                if not answered.done():
                    answered.set_result(answer)

            pipeline.ingest(decode, scope, body, respond, reserved)
            del body
            return await answered

        return handler

    async def _discard_body(self, scope: Scope, receive: Receive) -> None:
        memory, peer = self._pipeline.memory, limited_peer(scope)
        memory.release(len(await read_body(receive, self._pipeline.limits, memory, peer)), peer)

    async def _discard(self, scope: Scope, receive: Receive) -> Answer:
        await self._discard_body(scope, receive)
        self._status.increment("requests_discarded")
        return Answer(200, v0.OK, headers=cors(scope))

    async def _flags(self, scope: Scope, receive: Receive) -> Answer:
        await self._discard_body(scope, receive)
        return Answer(200, sdk_answers.flags(), headers=cors(scope))

    async def _decide(self, scope: Scope, receive: Receive) -> Answer:
        await self._discard_body(scope, receive)
        return Answer(200, sdk_answers.decide(), headers=cors(scope))

    async def _remote_config(self, scope: Scope, receive: Receive) -> Answer:
        del receive
        config = sdk_answers.remote_config(scope["path"])
        if config is None:
            raise RefusedError(404, "unknown_path", "There is nothing at this path.")
        body, content_type = config
        return Answer(200, body, content_type.encode(), cors(scope))
