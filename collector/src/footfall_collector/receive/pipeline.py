"""The ingestion pipeline: the stages of a POST of events, in order, from the gate to the 200.

`IngestionPipeline.ingest` is the list. It makes plain calls and no coroutine: most requests arrive whole in one read,
and `server/fast_path` calls it without a task. Other requests reach it through `routes`.
"""

import time
from collections.abc import Callable

import msgspec

from ..admit import (
    TOO_MANY_INSTANCES,
    Admission,
    Admitted,
    ClientBatch,
    TooManyInstancesError,
    epoch_of,
    report_misfits,
)
from ..journal import Journal, JournalUnavailableError
from ..runtime import Status
from .asgi import Answer, Scope, cors, refusal_answer
from .commit_lag import CommitLag
from .limits import BodyMemory, DiskQuota, Gate, KeyAlarm, Limits, Reservation, peer_of
from .protocol import DecodedRequest, DecodeRequest, EventBatch, client_key, key_outside_body, v1
from .refusals import RefusedError
from .write_keys import WriteKeyError, WriteKeys

ALL_METHODS = b"GET, POST, OPTIONS"

_RETRY_SECONDS = 5
_NEW_INSTANCES_RETRY_SECONDS = 600

Respond = Callable[[Answer], None]
"""Sends the answer. It is called exactly once, on the event loop: at once, or after the commit."""


class KeyedBatch(msgspec.Struct, frozen=True, gc=False):
    """The events of a request with the product of their write key.

    Attributes:
        is_first_key: the key is not known yet, and is added before the events are written.
        size: the number of events.
        client_batch: the events where Footfall's client sent them, else None.
        batch: the events in any other form, else None.
    """

    token: str
    product: str
    is_first_key: bool
    size: int
    client_batch: ClientBatch | None = None
    batch: EventBatch | None = None


class IngestionPipeline:
    """Takes events.

    Args:
        clock: the collector's time, epoch seconds.
    """

    def __init__(
        self,
        gate: Gate,
        quota: DiskQuota,
        limits: Limits,
        keys: WriteKeys,
        key_alarm: KeyAlarm,
        admission: Admission,
        journal: Journal,
        status: Status,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._gate, self._quota, self._keys, self._key_alarm = gate, quota, keys, key_alarm
        self._admission, self._journal, self._status, self._clock = admission, journal, status, clock
        self.limits = limits
        self.memory = BodyMemory(limits.waiting_bytes)
        self.commit_lag = CommitLag()

    def ingest(
        self, decode: DecodeRequest, scope: Scope, body: bytes, respond: Respond, reserved: Reservation | None = None
    ) -> None:
        """Take one request through every stage. uvicorn's path passes 1 in `Collector.asgi`, 2 in `routes`."""
        memory = reserved or Reservation(self.memory)
        try:
            if reserved is None:
                self._gate.check(scope)  # 1. gate: Host, peer, requests per minute
                self.limits.check_body(len(body))  # 2. size: this body, and all unanswered ones together
                memory.resize(len(body))
            request = self._decode(decode, scope, body)  # 3. decode: gzip and the other encodings
            keyed = self._find_write_key(request)  # 4. write key: the product of these events
            self._check_events(scope, keyed)
            admitted = self._admit(scope, request, keyed)  # 5. admit: allow-list, instance hash, times
            answer = self._answer(scope, request, admitted)
            memory.resize(len(admitted.lines))
            self._add_first_key(keyed, admitted)
        except BaseException as problem:
            memory.release()
            if not isinstance(problem, RefusedError):
                raise
            respond(self.refuse(scope, problem))
            return
        if not admitted.lines:
            self._count(keyed.product, admitted)
            respond(answer)
            return
        wait = self.commit_lag.begin()
        pending = self._journal.begin_append(admitted.lines, admitted.accepted)  # 6. append to the journal

        def committed(error: JournalUnavailableError | None) -> None:
            self.commit_lag.end(wait)  # 7. group commit: the lines of many requests are synced by one fdatasync
            memory.release()
            if error is None:
                self._count(keyed.product, admitted)  # 8. count
                respond(answer)  # 9. answer: 200
            else:
                respond(self.refuse(scope, _unavailable()))

        pending.on_commit = committed

    def refuse(self, scope: Scope, refusal: RefusedError, *, cross_origin: bool = True) -> Answer:
        """Count a refusal; returns its answer, which pages of other origins can read where `cross_origin` is true."""
        # A page that uses a Host name that is not ours (DNS rebinding) learns nothing.
        headers = cors(scope) if cross_origin and refusal.status != 403 else []
        if refusal.status == 405:
            post_only = scope["path"].rstrip("/") == v1.PATH
            headers.append((b"allow", b"POST, OPTIONS" if post_only else ALL_METHODS))
        self._status.increment("requests_refused", reason=refusal.reason)
        return refusal_answer(refusal, headers)

    def _decode(self, decode: DecodeRequest, scope: Scope, body: bytes) -> DecodedRequest:
        """Undo the encodings. A key in the head is checked first. Raises RefusedError: 400, 401, 405 or 413."""
        self._check_key(key_outside_body(decode, scope))
        return decode(scope, body, self.limits)

    def _find_write_key(self, request: DecodedRequest) -> KeyedBatch:
        """Raises RefusedError: 401 for no key, several or an unknown one; 400 or 413 for a body that is no batch."""
        keyed = self._read_client_batch(request)
        if keyed is not None:
            return keyed
        self._check_key(request.read_key(self.limits))
        batch = request.read_batch(self.limits)
        product = self._keys.product_of(batch.token)
        if product is not None:
            return KeyedBatch(batch.token, product, False, len(batch.events), None, batch)
        product = self._keys.product_for_first_key(batch.events)
        if product is None:
            raise _unknown_key()
        return KeyedBatch(batch.token, product, True, len(batch.events), None, batch)

    def _check_key(self, token: str | None) -> None:
        """Raises RefusedError (401) for a key under which nothing is accepted: before anything else costs work."""
        if token is not None and not self._keys.may_accept(token):
            raise _unknown_key()

    def _read_client_batch(self, request: DecodedRequest) -> KeyedBatch | None:
        """The batch where Footfall's client sent it under a known key; None for anything else."""
        text = request.client_text()
        token = client_key(text) if text is not None else None
        product = self._keys.product_of(token) if token else None
        if text is None or token is None or product is None:
            return None
        batch = self._admission.read_client_batch(product, text)
        if batch is None or batch.api_key != token or not 0 < len(batch.batch) <= self.limits.batch_events:
            return None
        return KeyedBatch(token, product, False, len(batch.batch), batch)

    def _check_events(self, scope: Scope, keyed: KeyedBatch) -> None:
        """Raises RefusedError: 503 without room on the disk, 429 for a peer over its limit. The alarm only counts."""
        self._quota.check()
        self._gate.check_events(scope, keyed.size)
        self._key_alarm.count(keyed.token, keyed.product, keyed.size)

    def _admit(self, scope: Scope, request: DecodedRequest, keyed: KeyedBatch) -> Admitted:
        """Raises RefusedError (429) where an event is of an instance beyond the peer's share of new ones.

        The whole request is refused: an answer for each event could be compared between instances, and a 200 would
        lose the events that are refused.
        """
        try:
            return self._admitted(request, keyed, peer_of(scope))
        except TooManyInstancesError:
            self._status.increment("events_refused", keyed.product, TOO_MANY_INSTANCES, keyed.size)
            sentence = "This sender brings too many instances that it has not sent before; try again later."
            raise RefusedError(429, TOO_MANY_INSTANCES, sentence, _NEW_INSTANCES_RETRY_SECONDS) from None

    def _admitted(self, request: DecodedRequest, keyed: KeyedBatch, peer: str) -> Admitted:
        product, client_batch = keyed.product, keyed.client_batch
        if client_batch is not None:
            sent_at = epoch_of(client_batch.sent_at)
            admitted = self._admission.admit_client_batch(product, client_batch, self._clock(), sent_at, peer)
            if admitted is not None:
                return admitted
        batch = keyed.batch or request.read_batch(self.limits)
        return self._admission.admit(product, batch.events, self._clock(), batch.sent_at, peer)

    def _answer(self, scope: Scope, request: DecodedRequest, admitted: Admitted) -> Answer:
        answer, headers = request.answer(admitted.reasons), cors(scope)
        return msgspec.structs.replace(answer, headers=headers) if headers else answer

    def _add_first_key(self, keyed: KeyedBatch, admitted: Admitted) -> None:
        """A key is added with the first event that is admitted. Raises RefusedError (503) where it can't be stored."""
        if keyed.is_first_key and admitted.lines:
            try:
                self._keys.add_first(keyed.token, keyed.product)
            except (WriteKeyError, OSError):
                raise _unavailable() from None

    def _count(self, product: str, admitted: Admitted) -> None:
        count = self._status.increment
        if admitted.accepted:
            self._status.set_gauge("accepted_timestamp_seconds", self._clock())
            count("events_accepted", product, n=admitted.accepted)
        for reason, n in admitted.refused.items():
            count("events_refused", product, reason, n)
        for reason, n in admitted.dropped.items():
            count("properties_dropped", product, reason, n)
        if admitted.misfits:
            report_misfits(self._status, product, admitted.misfits)


def _unknown_key() -> RefusedError:
    sentence = "The write key is not known here; add it with `footfall-collector keys add`."
    return RefusedError(401, "unknown_key", sentence)


def _unavailable() -> RefusedError:
    sentence = "The collector can't store events at the moment; try again."
    return RefusedError(503, "journal_unavailable", sentence, _RETRY_SECONDS)
