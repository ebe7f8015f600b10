"""Ingestion over bare ASGI: every path that SDKs use, answered once what was admitted is on disk."""

import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec

from ..admit import Admission, Admitted
from ..admit.newcomers import TOO_MANY_INSTANCES
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
    answered_whole,
    cors,
    header,
    preflight,
    read_body,
)
from .key_alarm import KeyAlarm
from .keys import Keys, KeysError
from .lag import Lag
from .limits import Held, Limits, Waiting
from .protocol import Request, read_request
from .refusals import RefusedError

_OK = b'{"status":1}'
_RETRY_SECONDS = 5
_ENGAGE = "/engage"
"""Where changes of persons come: refused and counted as the `$identify` that PostHog makes of them."""

_NEWCOMER_SECONDS = 600


class _Taken(NamedTuple):
    """What a request brings: `adopt` is its write key where that is not known yet and is to be taken."""

    product: str
    adopt: str | None
    admitted: Admitted


Handler = Callable[[Scope, Receive, Send, Headers], Awaitable[None]]


class Ingestion:
    """The ASGI application of the paths in `handler`.

    Args:
        take_events: raises RefusedError (429) where the sender of a request may not send so many events.
        alarm: looks at how much comes under one write key.
        clock: our time, epoch seconds.
    """

    def __init__(
        self,
        admission: Admission,
        journal: Journal,
        keys: Keys,
        status: Status,
        limits: Limits,
        take_events: Callable[[Scope, int], None],
        alarm: KeyAlarm,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._admission = admission
        self._journal = journal
        self._keys = keys
        self._status = status
        self._limits = limits
        self._take_events, self._alarm = take_events, alarm
        self._clock = clock
        self.lag = Lag()
        self._waiting = Waiting(limits.waiting_bytes)
        self._handlers = self._table()

    def _table(self) -> dict[str, Handler]:
        """Path to handler, each path with and without its last slash."""
        table: dict[str, Handler] = {}
        # The last of them is for events of language models: none of ours, refused one by one as on the other paths.
        for path in ("/batch", "/i/v0/e", "/e", "/capture", "/track", _ENGAGE, "/i/v0/ai/batch"):
            table[path] = table[path + "/"] = self._capture
        # Session recordings are no events: taken, so that no SDK tries again, and not kept.
        table["/s"] = table["/s/"] = self._discard
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
                raise RefusedError(405, "method", "Use GET, POST or OPTIONS here.")
        except RefusedError as refusal:
            if refusal.status == 405:
                only = scope["path"].rstrip("/") == v1.PATH
                headers.append((b"allow", b"POST, OPTIONS" if only else b"GET, POST, OPTIONS"))
            self._status.count("requests_refused", reason=refusal.reason)
            await answer_refusal(send, refusal, headers)
        except ClientGoneError:
            self._status.count("requests_refused", reason="client_gone")

    async def _capture(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        body = await read_body(receive, self._limits, self._waiting)
        with self._waiting.holding(len(body)) as held:
            taken = self._read(scope, body)
            # From here on only the lines are held, which may wait for the disk.
            del body
            await self._keep(taken, held)
        if b"beacon=1" in scope["query_string"].split(b"&"):
            await answer(send, 204, b"", JSON, headers)
        elif not answered_whole(scope, _OK, headers):
            await answer(send, 200, _OK, JSON, headers)

    async def _capture_v1(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        body = await read_body(receive, self._limits, self._waiting)
        with self._waiting.holding(len(body)) as held:
            taken, results = self._read_v1(scope, body)
            del body
            await self._keep(taken, held)
        if not answered_whole(scope, results, headers):
            await answer(send, 200, results, JSON, headers)

    def _read(self, scope: Scope, body: bytes) -> _Taken:
        """What a v0 request brings. Everything that is decoded on the way is free again when this returns."""
        request = Request(
            body,
            scope["query_string"],
            header(scope, b"content-type").decode("latin-1"),
            header(scope, b"content-encoding").decode("latin-1"),
        )
        received = read_request(request, self._limits, persons=scope["path"].startswith(_ENGAGE))
        sent_at = epoch_of(received.sent_at)
        if sent_at is None and received.sent_at_ms is not None:
            sent_at = received.sent_at_ms / 1000
        return self._admit(scope, received.envelope.events, received.token, sent_at)

    def _read_v1(self, scope: Scope, body: bytes) -> tuple[_Taken, bytes]:
        """The same of a v1 request, and the answer to it."""
        token, events = v1.read_request(scope, body, self._limits)
        sent_at = epoch_of(header(scope, b"posthog-request-timestamp").decode("latin-1"))
        taken = self._admit(scope, events, token, sent_at)
        return taken, v1.results(events, taken.admitted.reasons)

    def _admit(self, scope: Scope, events: list[msgspec.Raw], token: str, sent_at: float | None) -> _Taken:
        """Admit events. Raises RefusedError: 401 for an unknown key, 429 for what is too much at once."""
        product = self._keys.product_of(token)
        adopted = product is None
        if product is None:
            product = self._keys.adopting
        if product is None:
            sentence = "The write key is not known here; add it with `footfall-collector keys add`."
            raise RefusedError(401, "unknown_key", sentence)
        self._take_events(scope, len(events))
        self._alarm.saw(token, product, len(events))
        admitted = self._admission.admit(product, events, self._clock(), sent_at)
        if not admitted.accepted and admitted.refused.keys() == {TOO_MANY_INSTANCES}:
            self._count(product, admitted)
            sentence = "Too many instances are seen for the first time; try again later."
            raise RefusedError(429, TOO_MANY_INSTANCES, sentence, _NEWCOMER_SECONDS)
        return _Taken(product, token if adopted else None, admitted)

    async def _keep(self, taken: _Taken, held: Held) -> None:
        """Write and count. Raises RefusedError: 503 when the journal can't be written."""
        lines = taken.admitted.lines
        if lines:
            held.now(len(lines))
            try:
                if taken.adopt is not None:
                    self._keys.adopt(taken.adopt, taken.product)
                wait = self.lag.begin()
                try:
                    await self._journal.begin(lines)
                finally:
                    self.lag.end(wait)
            except (JournalUnavailableError, KeysError, OSError):
                sentence = "The collector can't store events at the moment; try again."
                raise RefusedError(503, "journal_unavailable", sentence, _RETRY_SECONDS) from None
        self._count(taken.product, taken.admitted)

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
