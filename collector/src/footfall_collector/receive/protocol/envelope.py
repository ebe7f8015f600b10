"""The shapes of a decoded body: a batch object, a bare list, or one event. Events stay raw JSON until admission."""

from typing import Any

import msgspec

from ..refusals import RefusedError, malformed, too_large
from ..write_keys import valid_write_key

_COMMAS_PER_EVENT = 200
_FREE_COMMAS = 100_000


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """The content of a body. `token` is a valid write key or None; `sent_at` as the sender wrote it."""

    events: list[msgspec.Raw]
    token: str | None
    sent_at: str | None


class _BatchOrEvent(msgspec.Struct, gc=False):
    """A batch or a single event; other fields are skipped."""

    api_key: Any = None
    token: Any = None
    dollar_token: Any = msgspec.field(default=None, name="$token")
    batch: list[msgspec.Raw] | None = None
    sent_at: msgspec.Raw = msgspec.Raw()
    event: msgspec.Raw = msgspec.Raw()
    properties: msgspec.Raw = msgspec.Raw()


class _EventTokens(msgspec.Struct, gc=False):
    """The places in an event for the write key."""

    api_key: Any = None
    token: Any = None
    dollar_token: Any = msgspec.field(default=None, name="$token")
    properties: "_PropertyTokens | None" = None


class _PropertyTokens(msgspec.Struct, gc=False):
    api_key: Any = None
    token: Any = None
    dollar_token: Any = msgspec.field(default=None, name="$token")


_object = msgspec.json.Decoder(_BatchOrEvent)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_IDENTIFY = msgspec.Raw(b'{"event":"$identify"}')
_tokens = msgspec.json.Decoder(_EventTokens)
_text = msgspec.json.Decoder(str)


def read_envelope(body: bytes, max_events: int, *, persons: bool = False) -> Envelope:
    """Parse a JSON body. Raises RefusedError (400, 401, or 413 for more events than allowed).

    With `persons`, an object without an event name is a change of a person, of which PostHog makes `$identify`.
    """
    # A list of a million small values takes far more memory than its text; the commas bound their number.
    if body.count(b",") > max(_FREE_COMMAS, max_events * _COMMAS_PER_EVENT):
        raise too_large("The body holds more values than a batch of events can; send fewer.", "batch_too_large")
    try:
        first = body.lstrip()[:1]
        if first == b"[":
            events = _list.decode(body)
            return Envelope(_name_person_changes(events) if persons else events, _token_in(events), None)
        if first == b"{":
            return _read_object(body, _object.decode(body), persons)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise malformed("The body is not JSON of a known shape; send {api_key, batch: [...]}.") from None
    raise malformed("The body is neither a JSON object nor a list.")


def _read_object(body: bytes, decoded: _BatchOrEvent, persons: bool) -> Envelope:
    sent_at = text_of(decoded.sent_at)
    token = _first_valid(decoded.api_key, decoded.token, decoded.dollar_token)
    if decoded.batch is not None:
        batch = _name_person_changes(decoded.batch) if persons else decoded.batch
        return Envelope(batch, token or _token_in(decoded.batch), sent_at)
    single = [msgspec.Raw(body)]
    token = token or _token_in(single)
    if persons:
        return Envelope(_name_person_changes(single), token, sent_at)
    if not len(decoded.event):
        raise malformed("The body has neither `batch` nor `event`.")
    return Envelope(single, token, sent_at)


def _name_person_changes(events: list[msgspec.Raw]) -> list[msgspec.Raw]:
    """`events`, with `$identify` in the place of those without a name."""
    named = []
    for raw in events:
        try:
            named.append(raw if len(_object.decode(raw).event) else _IDENTIFY)
        except (msgspec.DecodeError, ValueError, RecursionError):
            named.append(raw)
    return named


def _token_in(events: list[msgspec.Raw]) -> str | None:
    """The key in the events. Raises RefusedError (401) for several: one request is for one product."""
    tokens = {token for token in map(_token_of, events) if token}
    if len(tokens) > 1:
        sentence = "The events carry several write keys; send those of each key in a request of their own."
        raise RefusedError(401, "several_keys", sentence)
    return next(iter(tokens), None)


def _token_of(event: msgspec.Raw) -> str | None:
    try:
        fields = _tokens.decode(event)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    inner = fields.properties or _PropertyTokens()
    tokens = (fields.api_key, fields.token, fields.dollar_token)
    return _first_valid(*tokens, inner.token, inner.dollar_token, inner.api_key)


def _first_valid(*candidates: object) -> str | None:
    return next((token for token in map(valid_write_key, candidates) if token), None)


def text_of(raw: msgspec.Raw) -> str | None:
    """A raw value as text; None where it is absent or no text."""
    if not len(raw):
        return None
    try:
        return _text.decode(raw)
    except (msgspec.DecodeError, ValueError):
        return None
