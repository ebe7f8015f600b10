"""From the body of a request to its answer, which is given once what was admitted is on disk.

There is no coroutine in it: a request that came whole is answered by plain calls, and most of them come whole.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import msgspec

from ..admit import TOO_MANY_INSTANCES, Admission, Admitted, ClientBatch, epoch_of
from ..journal import Journal, JournalUnavailableError
from ..runtime import Status
from .asgi import Answer, Scope, cors, header, refused
from .commit_lag import CommitLag
from .limits import Held, KeyAlarm, Limits, Waiting
from .protocol import Request, key_of_batch, read_events, read_text, v1
from .refusals import RefusedError
from .write_keys import WriteKeyError, WriteKeys

OK = b'{"status":1}'
ENGAGE = "/engage"
"""Where changes of persons come: refused and counted as the `$identify` that PostHog makes of them."""
ALL_METHODS = b"GET, POST, OPTIONS"

_TAKEN = Answer(200, OK)
_BEACON_TAKEN = Answer(204)
_RETRY_SECONDS = 5
_NEWCOMER_SECONDS = 600


class Taken(NamedTuple):
    """What a request brings, and its answer once that is kept.

    `adopt` is its write key where that is not known yet and is to be taken.
    """

    product: str
    adopt: str | None
    admitted: Admitted
    answer: Answer = _TAKEN


Way = Callable[[Scope, bytes], Taken]
"""Reads a body in one version of the protocol. Raises RefusedError."""
Done = Callable[[Answer], None]
"""Is given the answer: once, at once or later, on the loop."""


class Capture:
    """Takes events.

    Args:
        take_events: raises RefusedError (429) where the sender of a request may not send so many events.
        alarm: looks at how much comes under one write key.
        clock: our time, epoch seconds.
    """

    def __init__(
        self,
        admission: Admission,
        journal: Journal,
        keys: WriteKeys,
        status: Status,
        limits: Limits,
        take_events: Callable[[Scope, int], None],
        alarm: KeyAlarm,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._admission, self._journal, self._keys, self._status = admission, journal, keys, status
        self.limits, self._take_events, self._alarm, self._clock = limits, take_events, alarm, clock
        self.lag = CommitLag()
        self.waiting = Waiting(limits.waiting_bytes)

    def whole(self, way: Way, scope: Scope, body: bytes, done: Done) -> None:
        """Answer a request that came in one piece."""
        try:
            self.limits.check_body(len(body))
            self.waiting.take(len(body))
        except RefusedError as refusal:
            done(self.refused(scope, refusal))
        else:
            self.begin(way, scope, body, done)

    def begin(self, way: Way, scope: Scope, body: bytes, done: Done) -> None:
        """Answer a request; its body's size was taken from `waiting`, and is given back."""
        held = Held(self.waiting, len(body))
        try:
            taken = way(scope, body)
            if taken.admitted.lines:
                self._write(scope, taken, held, done)
                return
            self._count(taken.product, taken.admitted)
            answer = self._answer(scope, taken)
        except RefusedError as refusal:
            answer = self.refused(scope, refusal)
        except BaseException:
            held.end()
            raise
        held.end()
        done(answer)

    def refused(self, scope: Scope, refusal: RefusedError) -> Answer:
        """Count a refusal; its answer."""
        headers = cors(scope)
        if refusal.status == 405:
            only = scope["path"].rstrip("/") == v1.PATH
            headers.append((b"allow", b"POST, OPTIONS" if only else ALL_METHODS))
        self._status.increment("requests_refused", reason=refusal.reason)
        return refused(refusal, headers)

    def v0(self, scope: Scope, body: bytes) -> Taken:
        """What a v0 request brings. Everything that is decoded on the way is free again when this returns."""
        request = Request(
            body,
            scope["query_string"],
            header(scope, b"content-type").decode("latin-1"),
            header(scope, b"content-encoding").decode("latin-1"),
        )
        text, query = read_text(request, self.limits)
        found = None if query else self._of_client(text)
        if found is not None:
            product, sent = found
            self._may_come(scope, sent.api_key, product, len(sent.batch))
            admitted = self._admission.admit_sent(product, sent, self._clock(), epoch_of(sent.sent_at))
            if admitted is not None:
                return Taken(product, None, admitted)
        received = read_events(text, query, self.limits, persons=scope["path"].startswith(ENGAGE))
        sent_at = epoch_of(received.sent_at)
        if sent_at is None and received.sent_at_ms is not None:
            sent_at = received.sent_at_ms / 1000
        taken = self._admit(scope, received.envelope.events, received.token, sent_at, may_come=found is not None)
        beacon = request.query and b"beacon=1" in request.query.split(b"&")
        return taken._replace(answer=_BEACON_TAKEN) if beacon else taken

    def _of_client(self, text: bytes) -> tuple[str, ClientBatch] | None:
        """The product and what is in it, of a batch of Footfall's client under a known key; None for anything else."""
        token = key_of_batch(text)
        product = self._keys.product_of(token) if token else None
        sent = self._admission.read(product, text) if product else None
        if product is None or sent is None:
            return None
        fits = sent.api_key == token and 0 < len(sent.batch) <= self.limits.batch_events
        return (product, sent) if fits else None

    def v1(self, scope: Scope, body: bytes) -> Taken:
        """The same of a v1 request, whose answer tells of each event."""
        token, events = v1.read_request(scope, body, self.limits)
        sent_at = epoch_of(header(scope, b"posthog-request-timestamp").decode("latin-1"))
        taken = self._admit(scope, events, token, sent_at)
        return taken._replace(answer=Answer(200, v1.results(events, taken.admitted.reasons)))

    def _admit(
        self, scope: Scope, events: list[msgspec.Raw], token: str, sent_at: float | None, *, may_come: bool = False
    ) -> Taken:
        """Admit events; `may_come`: that was seen to already.

        Raises RefusedError: 401 for an unknown key, 429 for what is too much at once.
        """
        product = self._keys.product_of(token)
        adopted = product is None
        if product is None:
            product = self._keys.adopting_of(events)
        if product is None:
            sentence = "The write key is not known here; add it with `footfall-collector keys add`."
            raise RefusedError(401, "unknown_key", sentence)
        if not may_come:
            self._may_come(scope, token, product, len(events))
        admitted = self._admission.admit(product, events, self._clock(), sent_at)
        if not admitted.accepted and admitted.refused.keys() == {TOO_MANY_INSTANCES}:
            self._count(product, admitted)
            sentence = "Too many instances are seen for the first time; try again later."
            raise RefusedError(429, TOO_MANY_INSTANCES, sentence, _NEWCOMER_SECONDS)
        return Taken(product, token if adopted else None, admitted)

    def _may_come(self, scope: Scope, token: str, product: str, events: int) -> None:
        """Raises RefusedError (429) where that is too much."""
        self._take_events(scope, events)
        self._alarm.saw(token, product, events)

    def _write(self, scope: Scope, taken: Taken, held: Held, done: Done) -> None:
        """Give the lines to the journal; only they are held from here on. Raises RefusedError (503)."""
        lines = taken.admitted.lines
        held.now(len(lines))
        if taken.adopt is not None:
            try:
                self._keys.adopt(taken.adopt, taken.product)
            except (WriteKeyError, OSError):
                raise _unavailable() from None
        told = partial(self._written, scope, taken, held, self.lag.begin(), done)
        self._journal.begin(lines, told)

    def _written(
        self, scope: Scope, taken: Taken, held: Held, wait: object, done: Done, error: JournalUnavailableError | None
    ) -> None:
        self.lag.end(wait)
        held.end()
        if error is None:
            self._count(taken.product, taken.admitted)
            done(self._answer(scope, taken))
        else:
            done(self.refused(scope, _unavailable()))

    def _answer(self, scope: Scope, taken: Taken) -> Answer:
        headers = cors(scope)
        return msgspec.structs.replace(taken.answer, headers=headers) if headers else taken.answer

    def _count(self, product: str, admitted: Admitted) -> None:
        count = self._status.increment
        if admitted.accepted:
            self._status.set_gauge("accepted_timestamp_seconds", self._clock())
            count("events_accepted", product, n=admitted.accepted)
        for reason, n in admitted.refused.items():
            count("events_refused", product, reason, n)
        for reason, n in admitted.dropped.items():
            count("properties_dropped", product, reason, n)


def _unavailable() -> RefusedError:
    sentence = "The collector can't store events at the moment; try again."
    return RefusedError(503, "journal_unavailable", sentence, _RETRY_SECONDS)
