"""The ingestion pipeline: the stages of a POST of events, in order, from the gate to the 200.

`IngestionPipeline.ingest` is the list. It makes plain calls and no coroutine: most requests arrive whole in one read,
and `server/fast_path` calls it without a task. Other requests reach it through `routes`.
"""

import time
from collections.abc import Callable, Sequence

import msgspec

from ..admit import (
    TOO_MANY_INSTANCES,
    Admission,
    Admitted,
    TooManyInstancesError,
    epoch_of,
    report_misfits,
)
from ..journal import Journal, JournalUnavailableError
from ..runtime import Status
from .asgi import Answer, Scope, cors, refusal_answer, with_cors
from .commit_lag import CommitLag
from .first_key import FirstKeyWindow
from .large import BEYOND_DIRECT, EventSlice, LargeIngestion, LargeKey, LargeRequest, Stages, direct_limits
from .limits import BodyMemory, DiskQuota, Gate, KeyAlarm, Limits, Reservation, WorkBudget, limited_peer, peer_of
from .protocol import (
    DecodedRequest,
    DecodeRequest,
    KeyedBatch,
    client_key,
    key_in_first_bytes,
    key_outside_body,
    v1,
)
from .refusals import RefusedError
from .write_keys import WriteKeyError, WriteKeys

ALL_METHODS = b"GET, POST, OPTIONS"

_RETRY_SECONDS = 5
_NEW_INSTANCES_RETRY_SECONDS = 600

Respond = Callable[[Answer], None]
"""Sends the answer. It is called exactly once, on the event loop: at once, or after the commit."""


class IngestionPipeline:
    """Takes events.

    Args:
        clock: the collector's time, epoch seconds.
    """

    def __init__(
        self,
        gate: Gate,
        budget: WorkBudget,
        quota: DiskQuota,
        limits: Limits,
        keys: WriteKeys,
        first_key: FirstKeyWindow,
        key_alarm: KeyAlarm,
        admission: Admission,
        journal: Journal,
        status: Status,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._gate, self._budget, self._quota, self._key_alarm = gate, budget, quota, key_alarm
        self._keys, self._first_key = keys, first_key
        self._admission, self._journal, self._status, self._clock = admission, journal, status, clock
        self.limits = limits
        self.memory = BodyMemory(limits.waiting_bytes)
        self.commit_lag = CommitLag()
        self._direct_limits = direct_limits(limits)
        stages = Stages(
            self._check_budget,
            self._find_large_key,
            self._check_first_key,
            self._check_events,
            self._admit_events,
            self._commit_large,
            budget.charge,
            self.refuse,
        )
        self._large = LargeIngestion(limits, stages, clock)

    def ingest(
        self, decode: DecodeRequest, scope: Scope, body: bytes, respond: Respond, reserved: Reservation | None = None
    ) -> None:
        """Take one request through every stage. uvicorn's path passes 1 in `Collector.asgi`, 2 in `routes`."""
        memory = reserved or Reservation(self.memory)
        peer, began, keyed = "", 0.0, None
        try:
            if reserved is None:
                self._gate.check(scope)  # 1. gate: Host, peer, requests per minute
            if peer := self._check_budget(scope, body):  # 2. budget: what this peer's requests have cost so far
                began = time.thread_time()
            if reserved is None:
                self.limits.check_body(len(body))  # 3. size: this body, and all unanswered ones together
                memory.resize(len(body))
            request = self._decode(decode, scope, body)  # 4. decode: gzip and the other encodings
            keyed = self._find_write_key(scope, request)  # 5. write key: the product of these events
            self._check_events(scope, keyed.token, keyed.product, keyed.size)
            admitted = self._admit(scope, request, keyed)  # 6. admit: allow-list, instance hash, times
            answer = with_cors(scope, request.answer(admitted.reasons))
            memory.resize(len(admitted.lines))
            if keyed.is_first_key:
                self._add_first_key(keyed.token, keyed.product, admitted)
        except BaseException as problem:
            self._charge_since(began, peer, len(body), keyed)
            if not isinstance(problem, RefusedError):
                memory.release()
                raise
            if keyed is None and problem.reason in BEYOND_DIRECT:
                self._large.start(LargeRequest(scope, body, peer, memory, respond))  # the same stages, in slices
                return
            memory.release()
            respond(self.refuse(scope, problem))
            return
        self._charge_since(began, peer, len(body), keyed)
        self._commit(scope, keyed.product, admitted, answer, memory, respond)

    def close(self) -> None:
        """After the event loop has ended."""
        self._large.close()

    def _check_budget(self, scope: Scope, body: bytes) -> str:
        """The peer to charge, empty for one without limits. Raises RefusedError (429)."""
        if peer := limited_peer(scope):
            self._budget.check(peer, self._shows_key, scope, body)
        return peer

    def _shows_key(self, scope: Scope, body: bytes) -> bool:
        token = key_in_first_bytes(scope, body)
        return token is not None and self._keys.product_of(token) is not None

    def _charge_since(self, began: float, peer: str, size: int, keyed: KeyedBatch | None) -> None:
        if peer:
            self._budget.charge(peer, time.thread_time() - began, size, keyed=keyed is not None)

    def _commit(
        self, scope: Scope, product: str, admitted: Admitted, answer: Answer, memory: Reservation, respond: Respond
    ) -> None:
        if not admitted.lines:
            memory.release()
            self._count(product, admitted)
            respond(answer)
            return
        wait = self.commit_lag.begin()
        pending = self._journal.begin_append(admitted.lines, admitted.accepted)  # 7. append to the journal

        def committed(error: JournalUnavailableError | None) -> None:
            self.commit_lag.end(wait)  # 8. group commit: the lines of many requests are synced by one fdatasync
            memory.release()
            if error is None:
                self._count(product, admitted)  # 9. count
                respond(answer)  # 10. answer: 200
            else:
                respond(self.refuse(scope, _unavailable()))

        pending.on_commit = committed

    def _commit_large(self, request: LargeRequest, key: LargeKey, admitted: Admitted, answer: Answer) -> None:
        scope, memory = request.scope, request.memory
        if key.is_first:
            self._add_first_key(key.token, key.product, admitted)
        memory.resize(len(admitted.lines))
        self._commit(scope, key.product, admitted, with_cors(scope, answer), memory, request.respond)

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
        return decode(scope, body, self._direct_limits)

    def _find_write_key(self, scope: Scope, request: DecodedRequest) -> KeyedBatch:
        """Raises RefusedError: 401 for no key, several or an unknown one; 400 or 413 for a body that is no batch."""
        keyed = self._read_client_batch(scope, request)
        if keyed is not None:
            return keyed
        self._check_key(request.read_key(self._direct_limits))
        batch = request.read_batch(self._direct_limits)
        product = self._keys.product_of(batch.token)
        if product is not None:
            return KeyedBatch(batch.token, product, False, len(batch.events), None, batch)
        if self._keys.awaited_product is not None:
            self._first_key.check(scope, self._keys.awaited_product)
        product = self._keys.product_for_first_key(batch.events)
        if product is None:
            raise _unknown_key()
        return KeyedBatch(batch.token, product, True, len(batch.events), None, batch)

    def _check_key(self, token: str | None) -> None:
        """Raises RefusedError (401) for a key under which nothing is accepted: before anything else costs work."""
        if token is not None and not self._keys.may_accept(token):
            raise _unknown_key()

    def _find_large_key(self, scope: Scope, token: str) -> LargeKey:
        """Raises RefusedError (401, 403)."""
        if product := self._keys.product_of(token):
            return LargeKey(token, product, is_first=False)
        if not (awaited := self._keys.awaited_product):
            raise _unknown_key()
        self._first_key.check(scope, awaited)
        return LargeKey(token, awaited, is_first=True)

    def _check_first_key(self, events: Sequence[msgspec.Raw]) -> None:
        """Raises RefusedError (401) where the events are of another product, or a key was added meanwhile."""
        if self._keys.product_for_first_key(events) is None:
            raise _unknown_key()

    def _read_client_batch(self, scope: Scope, request: DecodedRequest) -> KeyedBatch | None:
        """The batch where Footfall's client sent it under a known key; None for anything else."""
        text = request.client_text()
        token = client_key(text) if text is not None else None
        product = self._keys.product_of(token) if token else None
        if text is None or token is None or product is None:
            return None
        batch = self._admission.read_client_batch(product, text, peer_of(scope))
        if batch is None or batch.api_key != token or len(batch.events) > self._direct_limits.batch_events:
            return None
        return KeyedBatch(token, product, False, len(batch.events), batch)

    def _check_events(self, scope: Scope, token: str, product: str, size: int) -> None:
        """Raises RefusedError: 503 without room on the disk, 429 for a peer over its limit. The alarm only counts."""
        self._quota.check()
        self._gate.check_events(scope, size)
        self._key_alarm.count(token, product, size)

    def _admit(self, scope: Scope, request: DecodedRequest, keyed: KeyedBatch) -> Admitted:
        """Raises RefusedError (429), as `_admit_events` does."""
        product, client_batch = keyed.product, keyed.client_batch
        if client_batch is not None:
            sent_at, peer = epoch_of(client_batch.sent_at), peer_of(scope)
            try:
                admitted = self._admission.admit_client_batch(product, client_batch, self._clock(), sent_at, peer)
            except TooManyInstancesError:
                raise self._too_many_instances(product, keyed.size) from None
            if admitted is not None:
                return admitted
        batch = keyed.batch or request.read_batch(self._direct_limits)
        return self._admit_events(scope, product, EventSlice(batch.events, self._clock(), batch.sent_at))

    def _admit_events(self, scope: Scope, product: str, part: EventSlice) -> Admitted:
        """Raises RefusedError (429) where an event is of an instance beyond the peer's share of new ones.

        The whole request is refused: an answer for each event could be compared between instances, and a 200 would
        lose the events that are refused.
        """
        try:
            events, received, sent_at, members = part
            return self._admission.admit(product, events, received, sent_at, peer_of(scope), members)
        except TooManyInstancesError:
            raise self._too_many_instances(product, len(part.events)) from None

    def _too_many_instances(self, product: str, events: int) -> RefusedError:
        self._status.increment("events_refused", product, TOO_MANY_INSTANCES, events)
        sentence = "This sender brings too many instances that it has not sent before; try again later."
        return RefusedError(429, TOO_MANY_INSTANCES, sentence, _NEW_INSTANCES_RETRY_SECONDS)

    def _add_first_key(self, token: str, product: str, admitted: Admitted) -> None:
        """A key is added with the first event that is admitted. Raises RefusedError (503) where it can't be stored."""
        if admitted.lines:
            try:
                self._keys.add_first(token, product)
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
