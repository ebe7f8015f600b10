"""The shapes of a decoded body: a batch object, a bare list, or one event. Events stay raw until they are admitted."""

from typing import Any

import msgspec

from ..refusals import RefusedError, malformed, too_large
from ..write_keys import valid_write_key

_COMMAS_PER_EVENT = 200
_FREE_COMMAS = 100_000


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """What one request carries. `token` is a usable one or None; `sent_at` as the sender wrote it."""

    events: list[msgspec.Raw]
    token: str | None
    sent_at: str | None


class _Object(msgspec.Struct, gc=False):
    """A batch or a single event; what else it holds is skipped."""

    api_key: Any = None
    token: Any = None
    dollar_token: Any = msgspec.field(default=None, name="$token")
    batch: list[msgspec.Raw] | None = None
    sent_at: msgspec.Raw = msgspec.Raw()
    event: msgspec.Raw = msgspec.Raw()
    properties: msgspec.Raw = msgspec.Raw()


class _Tokens(msgspec.Struct, gc=False):
    """Where an event may carry the write key."""

    api_key: Any = None
    token: Any = None
    dollar_token: Any = msgspec.field(default=None, name="$token")
    properties: "_PropertyTokens | None" = None


class _PropertyTokens(msgspec.Struct, gc=False):
    api_key: Any = None
    token: Any = None
    dollar_token: Any = msgspec.field(default=None, name="$token")


_object = msgspec.json.Decoder(_Object)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_IDENTIFY = msgspec.Raw(b'{"event":"$identify"}')
_tokens = msgspec.json.Decoder(_Tokens)
_text = msgspec.json.Decoder(str)


def read_envelope(body: bytes, max_events: int, *, persons: bool = False) -> Envelope:
    """Take a JSON body apart. Raises RefusedError (400, 401, or 413 for more events than allowed).

    Where changes of `persons` may come, an object that names no event is one; PostHog makes `$identify` of it.
    """
    # A list of a million small things costs far more memory than its text: commas bound how many there can be.
    if body.count(b",") > max(_FREE_COMMAS, max_events * _COMMAS_PER_EVENT):
        raise too_large("The body holds more values than a batch of events can; send fewer.", "batch_too_large")
    try:
        first = body.lstrip()[:1]
        if first == b"[":
            events = _list.decode(body)
            return Envelope(_named(events) if persons else events, _token_in(events), None)
        if first == b"{":
            return _objects(body, _object.decode(body), persons)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise malformed("The body is not JSON of a known shape; send {api_key, batch: [...]}.") from None
    raise malformed("The body is neither a JSON object nor a list.")


def _objects(body: bytes, found: _Object, persons: bool) -> Envelope:
    sent_at = text_of(found.sent_at)
    token = valid_write_key(found.api_key) or valid_write_key(found.token) or valid_write_key(found.dollar_token)
    if found.batch is not None:
        batch = _named(found.batch) if persons else found.batch
        return Envelope(batch, token or _token_in(found.batch), sent_at)
    single = [msgspec.Raw(body)]
    token = token or _token_in(single)
    if persons:
        return Envelope(_named(single), token, sent_at)
    if not len(found.event):
        raise malformed("The body has neither `batch` nor `event`.")
    return Envelope(single, token, sent_at)


def _named(events: list[msgspec.Raw]) -> list[msgspec.Raw]:
    """The same, where those that name no event are changes of persons."""
    named = []
    for raw in events:
        try:
            named.append(raw if len(_object.decode(raw).event) else _IDENTIFY)
        except (msgspec.DecodeError, ValueError, RecursionError):
            named.append(raw)
    return named


def _token_in(events: list[msgspec.Raw]) -> str | None:
    """The key that the events carry. Raises RefusedError (401) for several: one request is for one product."""
    found = {token for token in map(_token_of, events) if token}
    if len(found) > 1:
        sentence = "The events carry several write keys; send those of each key in a request of their own."
        raise RefusedError(401, "several_keys", sentence)
    return next(iter(found), None)


def _token_of(event: msgspec.Raw) -> str | None:
    try:
        found = _tokens.decode(event)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    inner = found.properties or _PropertyTokens()
    tokens = (found.api_key, found.token, found.dollar_token)
    candidates = (*tokens, inner.token, inner.dollar_token, inner.api_key)
    return next((token for token in map(valid_write_key, candidates) if token), None)


def text_of(raw: msgspec.Raw) -> str | None:
    """The text that a raw value is, None where it is absent or something else."""
    if not len(raw):
        return None
    try:
        return _text.decode(raw)
    except (msgspec.DecodeError, ValueError):
        return None
