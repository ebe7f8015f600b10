"""The fast form of admission: a whole batch that is exactly in the form of Footfall's client.

The client writes every event in one order and without spaces, so that a batch is split where an event ends and the next
one begins, and each event into the same parts. It is never parsed as a whole:

    tool_executed","timestamp":"2026-11-24T04:00:00Z","uuid":"f5b16522-...","properties":{"tool":"query","ai_provider":...
    name ---------  stamp -------------------------  uuid ---------------  members --------------------|tail -------->

A part that is new is parsed by itself, with the types of the catalogue; the text that it becomes in a journal line is
kept with its bytes, and costs one look-up the next time. Members and tails are whole members of an object: what is
valid by itself is valid in every combination, and the parts of an event are a valid event. A batch qualifies if every
value is admitted unchanged; any other batch is left to `any_event`. Both forms write the same lines.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from isal.isal_zlib import crc32

from .client_texts import MemberTexts, Tails
from .instance_hash import InstanceFragment
from .json_fragments import EventRules
from .request_times import RequestTimes

_UUID_SHAPE = b"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
_DIGITS = b"0123456789abcdef"
_DIGITS_TO_X = bytes(ord("x") if n in _DIGITS else ord("?") if n == ord("x") else n for n in range(256))

_HEAD = re.compile(
    rb'\{"api_key":"([A-Za-z0-9_\-.]{1,64})","sent_at":"([0-9A-Z:.+\-]{0,64})","batch":\[\{"event":"'
).match
_NEXT, _END = b'"},{"event":"', b'"}]}'
_BETWEEN = b'","'
_STAMP = re.compile(rb'timestamp":"([0-9A-Z:.+\-]{1,64})').fullmatch
_UUID = b'uuid":"'
_NAMED_SHAPE = _UUID.translate(_DIGITS_TO_X) + _UUID_SHAPE

_Run = tuple[bytes, int, int]
"""A tail, and the indices of the first event that has it and of the first one after it that does not."""


class ClientBatch(NamedTuple):
    """A batch of Footfall's client that is valid but for its times and instances. Lists have an entry for each event.

    Attributes:
        sent_at: as the sender wrote it.
        heads: the beginnings of the lines.
        uuids: with the name of the field.
        stamps: the same of the events' times, as sent.
        texts: of the own properties.
        runs: the events that share a tail.
    """

    api_key: str
    sent_at: str
    heads: Sequence[bytes]
    uuids: Sequence[bytes]
    stamps: Sequence[bytes]
    texts: Sequence[bytes]
    runs: Sequence[_Run]


class ClientBatchWriter(NamedTuple):
    """Both steps of the fast form.

    `read` takes a body apart; None where it is not in the client's form, or has a value that is not admitted unchanged.
    `write_lines` returns the lines of all its events in one piece, or None where a time or an instance is not admitted
    unchanged. It raises TooManyInstancesError.
    """

    read: Callable[[bytes], ClientBatch | None]
    write_lines: Callable[[ClientBatch, RequestTimes], bytes | None]


def is_canonical_uuid(text: bytes) -> bool:
    """Whether a UUID is in its canonical form, in lower case. Faster than a regular expression."""
    return text.translate(_DIGITS_TO_X) == _UUID_SHAPE


def are_canonical_uuids(named: Sequence[bytes]) -> bool:
    """The same for many, each with the name of its field. A comma inside one would be one too many."""
    return b",".join(named).translate(_DIGITS_TO_X) == b",".join([_NAMED_SHAPE] * len(named))


_LINE = b'%b,"c":"%08x"}\n'


def with_checksum(body: bytes) -> bytes:
    """As `journal.with_checksum`, whose folder is above this one."""
    return _LINE % (body, crc32(body))


def compile_client_batch(
    rules: Mapping[str, EventRules], constants: Mapping[str, object], instance_fragment: InstanceFragment
) -> ClientBatchWriter:
    """The fast form for a product's rules; `constants` are what the client sends with every event."""
    common = next(iter(rules.values())).common
    members = {name.encode(): MemberTexts(rule) for name, rule in rules.items()}
    tails = Tails(common, constants, instance_fragment)
    return ClientBatchWriter(_Reader(members, tails.tail_of).read, _LineWriter(tails).write_lines)


class _Reader:
    """Takes bodies apart. One step after another for all events takes less time than event after event."""

    def __init__(self, members: Mapping[bytes, MemberTexts], tail_of: Callable[[bytes], bytes | None]) -> None:
        self._members, self._tail_of = members, tail_of

    def read(self, body: bytes) -> ClientBatch | None:
        """See `ClientBatchWriter.read`."""
        head = _HEAD(body)
        if head is None or not body.endswith(_END, head.end()):
            return None
        events = body[head.end() : -len(_END)].split(_NEXT)
        try:
            names, stamps, uuids, rests = zip(*[event.split(_BETWEEN, 3) for event in events], strict=True)
            members = [self._members[name] for name in names]
        except (ValueError, KeyError):
            return None
        if not are_canonical_uuids(uuids) or not all(map(_STAMP, set(stamps))):
            return None
        runs = self._runs(rests)
        texts: list[bytes | None] = []
        for tail, begin, end in runs or ():
            cut, same = -len(tail), slice(begin, end)
            texts += [texts_of[rest[:cut]] for texts_of, rest in zip(members[same], rests[same], strict=True)]
        admitted = [text for text in texts if text is not None]
        if runs is None or len(admitted) < len(uuids):
            return None
        heads = [texts_of.head for texts_of in members]
        return ClientBatch(head[1].decode(), head[2].decode(), heads, uuids, stamps, admitted, runs)

    def _runs(self, rests: Sequence[bytes]) -> list[_Run] | None:
        """`ClientBatch.runs`; None where an event has no tail in the client's form."""
        runs: list[_Run] = []
        begin = 0
        while begin < len(rests):
            tail = self._tail_of(rests[begin])
            if tail is None:
                return None
            end, cut = begin + 1, -len(tail)
            while end < len(rests) and rests[end][cut:] == tail:
                end += 1
            runs.append((tail, begin, end))
            begin = end
        return runs


class _LineWriter:
    """Makes the journal lines of batches."""

    def __init__(self, tails: Tails) -> None:
        self._tails = tails

    def write_lines(self, batch: ClientBatch, times: RequestTimes) -> bytes | None:
        """See `ClientBatchWriter.write_lines`."""
        fragments = {}
        for stamp in set(batch.stamps):
            time = times.valid_time_fragment(stamp.decode().rpartition('"')[2])
            if time is None:
                return None
            fragments[stamp] = time.encode()
        bodies: list[bytes] = []
        for tail, begin, end in batch.runs:
            sender = self._tails.text(tail, times)
            if sender is None:
                return None
            same = slice(begin, end)
            parts = zip(batch.heads[same], batch.uuids[same], batch.stamps[same], batch.texts[same], strict=True)
            bodies += [b"".join((head, uuid, fragments[stamp], sender, text)) for head, uuid, stamp, text in parts]
        # One formatting for each takes less time than one of all, which is then copied as a whole.
        return b"".join([_LINE % line for line in zip(bodies, map(crc32, bodies), strict=True)])
