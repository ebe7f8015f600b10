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
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
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
_STAMP_BEGIN = len(b'timestamp":"')
_STAMP = re.compile(rb'timestamp":"([0-9A-Z:.+\-]{1,64})').fullmatch
_UUID = b'uuid":"'
_NAMED_SHAPE = _UUID.translate(_DIGITS_TO_X) + _UUID_SHAPE

_Event = tuple[bytes, bytes, bytes, bytes, bytes]
"""The beginning of its line, its UUID and its stamp with their names, its tail, and the text of its own properties."""


class ClientBatch(msgspec.Struct, gc=False):
    """A batch of Footfall's client that is valid but for its times and instances.

    Attributes:
        sent_at: as the sender wrote it.
        events: their parts.
        stamps: those that occur.
    """

    api_key: str
    sent_at: str
    events: Sequence[_Event]
    stamps: Iterable[bytes]


class ClientBatchWriter(NamedTuple):
    """Both steps of the fast form.

    `read` takes a peer's body apart; None where it is not in the client's form, or a value is not admitted unchanged.
    `write_lines` returns the lines of all its events in one piece, or None where a time or an instance is not admitted
    unchanged. It raises TooManyInstancesError.
    """

    read: Callable[[bytes, str], ClientBatch | None]
    write_lines: Callable[[ClientBatch, RequestTimes], bytes | None]


def is_canonical_uuid(text: bytes) -> bool:
    """Whether a UUID is in its canonical form, in lower case. Faster than a regular expression."""
    return text.translate(_DIGITS_TO_X) == _UUID_SHAPE


def are_canonical_uuids(named: Sequence[bytes]) -> bool:
    """The same for many, each with the name of its field. A comma inside one would be one too many."""
    joined = b",".join(named)
    # In the name there is a digit too: its shape is that of other names.
    is_named = joined.count(_UUID) == len(named)
    return is_named and joined.translate(_DIGITS_TO_X) == b",".join([_NAMED_SHAPE] * len(named))


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
    """Takes bodies apart."""

    def __init__(
        self, member_texts: Mapping[bytes, MemberTexts], tail_of: Callable[[bytes, str], bytes | None]
    ) -> None:
        self._member_texts, self._tail_of = member_texts, tail_of

    def read(self, body: bytes, peer: str) -> ClientBatch | None:
        """See `ClientBatchWriter.read`."""
        head = _HEAD(body)
        if head is None or not body.endswith(_END, head.end()):
            return None
        stamps: set[bytes] = set()
        try:
            events = self._events(body[head.end() : -len(_END)].split(_NEXT), stamps, peer)
        except (ValueError, KeyError):
            return None  # other parts, or an event of another name
        if events is None or not all(map(_STAMP, stamps)):
            return None
        return ClientBatch(head[1].decode(), head[2].decode(), events, stamps)

    def _events(self, texts: Iterable[bytes], stamps: set[bytes], peer: str) -> list[_Event] | None:
        member_texts, tail, cut = self._member_texts, b"", 0
        events, uuids = [], []
        for event in texts:
            name, stamp, uuid, rest = event.split(_BETWEEN, 3)
            # Mostly the tail of the event before.
            if rest[cut:] != tail:
                found = self._tail_of(rest, peer)
                if found is None:
                    return None
                tail, cut = found, -len(found)
            texts_of = member_texts[name]
            text = texts_of[rest[:cut]]
            if text is None:
                return None
            stamps.add(stamp)
            uuids.append(uuid)
            events.append((texts_of.head, uuid, stamp, tail, text))
        return events if are_canonical_uuids(uuids) else None


class _LineWriter:
    """Makes the journal lines of batches."""

    def __init__(self, tails: Tails) -> None:
        self._tails = tails

    def write_lines(self, batch: ClientBatch, times: RequestTimes) -> bytes | None:
        """See `ClientBatchWriter.write_lines`."""
        fragments = {}
        for stamp in batch.stamps:
            time = times.valid_time_fragment(stamp[_STAMP_BEGIN:].decode())
            if time is None:
                return None
            fragments[stamp] = time.encode()
        tail, sender = None, None
        lines = []
        for head, uuid, stamp, event_tail, text in batch.events:
            if event_tail is not tail:
                tail, sender = event_tail, self._tails.text(event_tail, times)
            if sender is None:
                return None
            line = b"".join((head, uuid, fragments[stamp], sender, text))
            lines.append(_LINE % (line, crc32(line)))
        return b"".join(lines)
