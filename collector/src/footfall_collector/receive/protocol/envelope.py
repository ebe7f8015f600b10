"""The shapes of a decoded body: a batch object, a bare list, or one event. Events stay raw JSON until admission.

`read_envelope` finds the write key and makes no object for an event; `split_events` makes one for each, once the key is
known to be accepted.
"""

import msgspec

from ..refusals import RefusedError, malformed, too_large
from ..write_keys import valid_write_key
from .structure import check_structure

_MAX_RAW_TEXT = 512
"""Longer than a key with spaces around it, every character escaped, and than any time."""
_MANY_COMMAS = 20_000
_OPENS_LIST = ord("[")


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """The content of a body.

    Attributes:
        token: a valid write key; None where it is in none of the places for it.
        sent_at: as the sender wrote it.
        text: the JSON list of the events, or the one event.
        is_list: whether it is a list.
        commas: at least as many as `text` has.
        key_in_event: the key is that of the first event.
    """

    token: str | None
    sent_at: str | None
    text: msgspec.Raw
    is_list: bool
    commas: int
    key_in_event: bool = False


class _BatchOrEvent(msgspec.Struct, gc=False):
    """A batch or a single event; other fields are skipped."""

    api_key: msgspec.Raw = msgspec.Raw()
    token: msgspec.Raw = msgspec.Raw()
    dollar_token: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="$token")
    batch: msgspec.Raw = msgspec.Raw()
    sent_at: msgspec.Raw = msgspec.Raw()
    event: msgspec.Raw = msgspec.Raw()
    properties: msgspec.Raw = msgspec.Raw()


class _FirstElement(msgspec.Struct, gc=False, array_like=True):
    """The first element of a list; the parser skips the others."""

    first: msgspec.Raw = msgspec.Raw()


class _Object(msgspec.Struct, gc=False):
    """Any object; the parser skips all of it, and fails at any other value."""


_NULL = msgspec.Raw(b"null")
_ABSENT = (msgspec.Raw(), _NULL)
_IDENTIFY = msgspec.Raw(b'{"event":"$identify"}')
_decode_object = msgspec.json.Decoder(_BatchOrEvent).decode
_decode_first = msgspec.json.Decoder(_FirstElement).decode
_decode_objects = msgspec.json.Decoder(list[_Object]).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_text = msgspec.json.Decoder(str).decode
_UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)


def read_envelope(body: bytes, max_events: int, *, persons: bool = False) -> Envelope:
    """Find the key and the events of a JSON body. Raises RefusedError: 400, or 413 for too much structure.

    With `persons`, an object without an event name is a change of a person.
    """
    check_structure(body, max_events)
    first = body.lstrip()[:1]
    commas = body.count(b",")
    try:
        if first == b"[":
            return _with_key_of_first_event(Envelope(None, None, msgspec.Raw(body), True, commas))
        if first == b"{":
            return _read_object(body, _decode_object(body), commas, persons=persons)
    except _UNREADABLE:
        raise _unknown_shape() from None
    raise malformed("The body is neither a JSON object nor a list.")


def split_events(envelope: Envelope, max_events: int, *, persons: bool = False) -> list[msgspec.Raw]:
    """The events of a body, each raw. Raises RefusedError: 400, 401 for several keys, 413 for too many events.

    With `persons`, an object without an event name is a change of a person, of which PostHog makes `$identify`.
    """
    if not envelope.is_list:
        return _name_person_changes([envelope.text]) if persons else [envelope.text]
    try:
        if envelope.commas > _MANY_COMMAS:
            _check_count(_count_objects(envelope.text), max_events)
        events = _decode_list(envelope.text)
    except _UNREADABLE:
        raise _unknown_shape() from None
    _check_count(len(events), max_events)
    if envelope.key_in_event:
        _check_same_key(events, envelope.token)
    return _name_person_changes(events) if persons else events


def _count_objects(text: msgspec.Raw) -> int:
    """The number of events in a list that may have far more elements: one that is no object ends the count."""
    try:
        return len(_decode_objects(text))
    except msgspec.ValidationError:
        raise too_large("The body holds more values than events; send a list of events.", "batch_too_large") from None


def _check_count(events: int, max_events: int) -> None:
    if not events:
        raise malformed("The batch is empty.", "empty_batch")
    if events > max_events:
        raise too_large(f"The batch has more than {max_events} events; send fewer.", "batch_too_large")


def _read_object(body: bytes, decoded: _BatchOrEvent, commas: int, *, persons: bool) -> Envelope:
    token = _first_key(decoded.api_key, decoded.token, decoded.dollar_token)
    sent_at = text_of(decoded.sent_at)
    if decoded.batch in _ABSENT:
        if not persons and not len(decoded.event):
            raise malformed("The body has neither `batch` nor `event`.")
        return Envelope(token or _key_in(decoded), sent_at, msgspec.Raw(body), False, commas)
    if memoryview(decoded.batch)[0] != _OPENS_LIST:
        raise _unknown_shape()
    envelope = Envelope(token, sent_at, decoded.batch, True, commas)
    return envelope if token else _with_key_of_first_event(envelope)


def _with_key_of_first_event(envelope: Envelope) -> Envelope:
    first = _decode_first(envelope.text).first
    if not len(first):
        raise malformed("The batch is empty.", "empty_batch")
    token = _key_of(first)
    return msgspec.structs.replace(envelope, token=token, key_in_event=token is not None)


def _name_person_changes(events: list[msgspec.Raw]) -> list[msgspec.Raw]:
    """`events`, with `$identify` in the place of those without a name."""
    named = []
    for raw in events:
        try:
            named.append(raw if len(_decode_object(raw).event) else _IDENTIFY)
        except _UNREADABLE:
            named.append(raw)
    return named


def _check_same_key(events: list[msgspec.Raw], token: str | None) -> None:
    """Raises RefusedError (401) where another event names another key: one request is for one product."""
    if any(key not in (None, token) for key in map(_key_of, events)):
        sentence = "The events carry several write keys; send those of each key in a request of their own."
        raise RefusedError(401, "several_keys", sentence)


def _key_of(event: msgspec.Raw) -> str | None:
    try:
        return _key_in(_decode_object(event))
    except _UNREADABLE:
        return None


def _key_in(event: _BatchOrEvent) -> str | None:
    """The key of an event: in the event itself, or in its properties."""
    token = _first_key(event.api_key, event.token, event.dollar_token)
    if token is None and len(event.properties):
        try:
            inner = _decode_object(event.properties)
        except _UNREADABLE:
            return None
        token = _first_key(inner.token, inner.dollar_token, inner.api_key)
    return token


def _first_key(*candidates: msgspec.Raw) -> str | None:
    for raw in candidates:
        token = valid_write_key(text_of(raw))
        if token:
            return token
    return None


def text_of(raw: msgspec.Raw) -> str | None:
    """A raw value as text; None where it is absent, no text, or longer than any text that is looked for."""
    if not 0 < len(raw) <= _MAX_RAW_TEXT:
        return None
    try:
        return _decode_text(raw)
    except (msgspec.DecodeError, ValueError):
        return None


def _unknown_shape() -> RefusedError:
    return malformed("The body is not JSON of a known shape; send {api_key, batch: [...]}.")
