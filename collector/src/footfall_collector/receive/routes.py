"""Ingestion over bare ASGI: every path that SDKs use, answered once what was admitted is on disk."""

import time
from collections.abc import Awaitable, Callable

import msgspec

from ..admit import Admission, Admitted
from ..admit.times import epoch_of
from ..journal import Journal, JournalUnavailableError
from ..status import Status
from . import sdk_answers, v1
from .http import (
    JSON,
    ClientGoneError,
    Headers,
    Receive,
    Scope,
    Send,
    answer,
    answer_refusal,
    cors,
    header,
    preflight,
    read_body,
)
from .keys import Keys, KeysError
from .limits import Limits, Waiting
from .protocol import Request, read_request
from .refusals import RefusedError

_OK = b'{"status":1}'
_RETRY_SECONDS = 5

Handler = Callable[[Scope, Receive, Send, Headers], Awaitable[None]]


class Ingestion:
    """The ASGI application of the paths in `handler`.

    Args:
        clock: our time, epoch seconds.
    """

    def __init__(
        self,
        admission: Admission,
        journal: Journal,
        keys: Keys,
        status: Status,
        limits: Limits,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._admission = admission
        self._journal = journal
        self._keys = keys
        self._status = status
        self._limits = limits
        self._clock = clock
        self._waiting = Waiting(limits.waiting_bytes)
        self._handlers = self._table()

    def _table(self) -> dict[str, Handler]:
        """Path to handler, each path with and without its last slash."""
        table: dict[str, Handler] = {}
        for path in ("/batch", "/i/v0/e", "/e", "/capture", "/track"):
            table[path] = table[path + "/"] = self._capture
        # Session recordings and changes of persons are no events: taken, so that no SDK tries again, and not kept.
        for path in ("/s", "/engage"):
            table[path] = table[path + "/"] = self._discard
        table["/flags"] = table["/flags/"] = self._flags
        table["/decide"] = table["/decide/"] = self._decide
        table[v1.PATH] = table[v1.PATH + "/"] = self._capture_v1
        return table

    def handler(self, path: str) -> Handler | None:
        """Who answers a path, None where it is not one of ingestion's."""
        found = self._handlers.get(path)
        if found is None and path.startswith("/array/"):
            return self._remote_config
        return found

    async def __call__(self, handler: Handler, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request with the handler of its path."""
        method = scope["method"]
        headers = cors(scope)
        try:
            if method in ("POST", "GET"):
                await handler(scope, receive, send, headers)
            elif method == "OPTIONS":
                await answer(send, 204, b"", JSON, preflight(scope))
            else:
                headers.append((b"allow", b"GET, POST, OPTIONS"))
                raise RefusedError(405, "method", "Use GET, POST or OPTIONS here.")
        except RefusedError as refusal:
            self._status.count("requests_refused", reason=refusal.reason)
            await answer_refusal(send, refusal, headers)
        except ClientGoneError:
            self._status.count("requests_refused", reason="client_gone")

    async def _capture(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        body = await read_body(receive, self._limits, self._waiting)
        try:
            request = Request(
                body,
                scope["query_string"],
                header(scope, b"content-type").decode("latin-1"),
                header(scope, b"content-encoding").decode("latin-1"),
            )
            received = read_request(request, self._limits)
            now = self._clock()
            sent_at = epoch_of(received.sent_at)
            if sent_at is None and received.sent_at_ms is not None:
                sent_at = received.sent_at_ms / 1000
            await self._take(received.envelope.events, received.token, now, sent_at)
        finally:
            self._waiting.give_back(len(body))
        if b"beacon=1" in scope["query_string"].split(b"&"):
            await answer(send, 204, b"", JSON, headers)
        else:
            await answer(send, 200, _OK, JSON, headers)

    async def _capture_v1(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        body = await read_body(receive, self._limits, self._waiting)
        try:
            token, events = v1.read_request(scope, body, self._limits)
            sent_at = epoch_of(header(scope, b"posthog-request-timestamp").decode("latin-1"))
            admitted = await self._take(events, token, self._clock(), sent_at)
            results = v1.results(events, admitted.reasons)
        finally:
            self._waiting.give_back(len(body))
        await answer(send, 200, results, JSON, headers)

    async def _take(self, events: list[msgspec.Raw], token: str, now: float, sent_at: float | None) -> Admitted:
        """Admit, write, count. Raises RefusedError: 401 for an unknown key, 503 when the journal can't be written."""
        product = self._keys.product_of(token)
        adopted = product is None
        if product is None:
            product = self._keys.adopting
        if product is None:
            sentence = "The write key is not known here; add it with `footfall-collector keys add`."
            raise RefusedError(401, "unknown_key", sentence)
        admitted = self._admission.admit(product, events, now, sent_at)
        if admitted.lines:
            try:
                if adopted:
                    self._keys.adopt(token, product)
                await self._journal.append(admitted.lines)
            except (JournalUnavailableError, KeysError, OSError):
                sentence = "The collector can't store events at the moment; try again."
                raise RefusedError(503, "journal_unavailable", sentence, _RETRY_SECONDS) from None
        self._count(product, admitted)
        return admitted

    def _count(self, product: str, admitted: Admitted) -> None:
        count = self._status.count
        if admitted.accepted:
            self._status.set("accepted_timestamp_seconds", self._clock())
            count("events_accepted", product, n=admitted.accepted)
        for reason, n in admitted.refused.items():
            count("events_refused", product, reason, n)
        for reason, n in admitted.dropped.items():
            count("properties_dropped", product, reason, n)

    async def _discard(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        self._waiting.give_back(len(await read_body(receive, self._limits, self._waiting)))
        self._status.count("requests_discarded")
        await answer(send, 200, _OK, JSON, headers)

    async def _flags(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        self._waiting.give_back(len(await read_body(receive, self._limits, self._waiting)))
        await answer(send, 200, sdk_answers.flags(), JSON, headers)

    async def _decide(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        self._waiting.give_back(len(await read_body(receive, self._limits, self._waiting)))
        await answer(send, 200, sdk_answers.decide(), JSON, headers)

    async def _remote_config(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        del receive
        found = sdk_answers.remote_config(scope["path"])
        if found is None:
            raise RefusedError(404, "unknown_path", "There is nothing at this path.")
        body, content_type = found
        await answer(send, 200, body, content_type.encode(), headers)
