"""The parts of events of Footfall's client, and the text that each becomes in a journal line, cached by its bytes."""

import re
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from .instance_hash import MAX_ID, InstanceFragment
from .json_fragments import EventRules, PropertyRule
from .request_times import RequestTimes

_CACHE_SIZE = 16_384
_MAX_CACHED_BYTES = 256
_MAX_TAIL_BYTES = 512
"""Of the common members and the instance's ID."""
_PROPERTIES = b'properties":{'
_MEMBER = b'":'
"""Occurs once in each member, and in no admitted value."""


class MemberTexts(dict[bytes, bytes]):
    """From the own members of an event, each with a comma after it, to their text in a journal line.

    A look-up makes the text of new ones; it gives None where they are not the event's, or not admitted unchanged.

    Attributes:
        head: the beginning of the event's lines, up to the name of the UUID's field.
    """

    def __init__(self, rules: EventRules) -> None:
        super().__init__()
        self.head = rules.head.removesuffix('uuid":"').encode()
        self._words = [rule for rule in rules.own if rule.kind is not int]
        self._numbers = [rule for rule in rules.own if rule.kind is int]
        self._get_words, self._get_numbers = _getter(self._words), _getter(self._numbers)
        own: Any = msgspec.defstruct("Own", map(_struct_field, rules.own), forbid_unknown_fields=True, gc=False)
        self._decode = msgspec.json.Decoder(own).decode

    def __missing__(self, key: bytes) -> bytes | None:
        # Whole members only: with the tail they are an object.
        members = key.removeprefix(_PROPERTIES)
        is_whole = not members or (members.startswith(b'"') and members.endswith(b","))
        own = decoded(self._decode, b"{%b}" % members[:-1]) if is_whole and len(key) > len(members) else None
        if own is None:
            return None
        words, numbers = self._get_words(own), [bytes(raw) for raw in self._get_numbers(own)]
        text = _join_fragments(self._words, words)
        if text is None:
            return None
        for rule, number in zip(self._numbers, numbers, strict=True):
            fragment = rule.raw_fragment(number) if number else None
            if fragment is None and (number or rule.required):
                return None
            text += fragment or ""
        made = text.encode()
        if len(key) <= _MAX_CACHED_BYTES and self._is_unchanged(members, words, numbers):
            if len(self) >= _CACHE_SIZE:
                self.clear()
            self[key] = made
        return made

    def _is_unchanged(self, members: bytes, words: Sequence[object], numbers: Sequence[bytes]) -> bool:
        """Whether the members say what is admitted and no more: nothing that was refused or cut stays in memory."""
        if not all(not number or number in rule.raw_cache for rule, number in zip(self._numbers, numbers, strict=True)):
            return False
        return members.count(_MEMBER) == sum(word is not None for word in words) + sum(map(bool, numbers))


class Tails:
    """From the ends of events to the text of their instance and their common properties, with a cache for each peer.

    No peer uses what is cached for another one: a quicker answer would tell that somebody sends the same instance.
    `constants` are properties without a meaning here, two or more, with the values that they must have.

    Attributes:
        by_peer: the caches: by tail, its text and the sender's ID.
    """

    def __init__(
        self, common: Sequence[PropertyRule], constants: Mapping[str, object], instance_fragment: InstanceFragment
    ) -> None:
        self._common, self._instance_fragment = common, instance_fragment
        self.by_peer: dict[str, dict[bytes, tuple[str, str]]] = {}
        self._size = 0
        self._constants = tuple(constants.values())
        plain = [(f"c_{n}", type(value), msgspec.field(name=name)) for n, (name, value) in enumerate(constants.items())]
        self._get_constants: Callable[[object], object] = attrgetter(*(f"properties.{name}" for name, _, _ in plain))
        fields = [*plain, *map(_struct_field, common)]
        properties: Any = msgspec.defstruct("Common", fields, forbid_unknown_fields=True, gc=False)
        sender: Any = msgspec.defstruct(
            "Sender", [("properties", properties), ("distinct_id", str)], forbid_unknown_fields=True, gc=False
        )
        self._decode, self._get_common = msgspec.json.Decoder(sender).decode, _getter(common, "properties.")
        names = "|".join(re.escape(name) for name in (*(rule.wire for rule in common), *constants))
        self._find = re.compile(f'"(?:{names})":'.encode()).search

    def tail_of(self, rest: bytes, peer: str) -> bytes | None:
        """The tail of an event: from its first common member on. None where that is not in the client's form."""
        first = self._find(rest)
        tail = rest[first.start() :] if first else b""
        return tail if tail in self._of_peer(peer) or self._is_valid(tail) else None

    def _is_valid(self, tail: bytes) -> bool:
        # With more braces, the members could be those of several objects.
        if len(tail) > _MAX_TAIL_BYTES or tail.count(b"}") != 1:
            return False
        sender = decoded(self._decode, _as_object(tail))
        if sender is None or self._get_constants(sender) != self._constants:
            return False
        # Each member once: of several with one name the last one counts, and all would stay in memory.
        given = sum(value is not None for value in self._get_common(sender)) + len(self._constants)
        return tail.count(_MEMBER) == given + 1

    def text(self, tail: bytes, times: RequestTimes) -> bytes | None:
        """The text of an event's instance and common properties; None where one is not admitted unchanged."""
        found = self._of_peer(times.peer).get(tail) or self._make(tail, times.peer)
        if found is None:
            return None
        text, distinct_id = found
        return (text + times.mark_of(distinct_id, text)).encode()

    def _of_peer(self, peer: str) -> dict[bytes, tuple[str, str]]:
        cache = self.by_peer.get(peer)
        if cache is None:
            self._make_room()
            cache = self.by_peer[peer] = {}
        return cache

    def _make(self, tail: bytes, peer: str) -> tuple[str, str] | None:
        sender = self._decode(_as_object(tail))
        distinct_id: str = sender.distinct_id
        common = _join_fragments(self._common, self._get_common(sender)) if 0 < len(distinct_id) <= MAX_ID else None
        if common is None:
            return None
        found = self._instance_fragment(distinct_id, peer) + common, distinct_id
        self._make_room()
        self._of_peer(peer)[tail] = found
        self._size += 1
        return found

    def _make_room(self) -> None:
        if len(self.by_peer) + self._size >= 2 * _CACHE_SIZE:
            self.by_peer.clear()
            self._size = 0


def decoded(decode: Callable[[bytes], Any], text: bytes) -> Any:
    """What `decode` makes of a text; None where it raises."""
    try:
        return decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _as_object(tail: bytes) -> bytes:
    return b'{"properties":{%b"}' % tail


def _getter(rules: Sequence[PropertyRule], path: str = "") -> Callable[[object], tuple[Any, ...]]:
    """The values of a struct's fields, in the order of the rules."""
    names = [path + _field(rule.wire) for rule in rules]
    if not names:
        return lambda _: ()
    # attrgetter returns a tuple for two names or more, so the first one is repeated.
    get = attrgetter(*names, names[0])
    return lambda struct: get(struct)[:-1]


def _join_fragments(rules: Sequence[PropertyRule], values: Sequence[Any]) -> str | None:
    fragments = []
    for rule, value in zip(rules, values, strict=True):
        if value is not None:
            rule.fragment(value)
            # Only values that the rule admits unchanged are in its cache.
            if value not in rule.cache:
                return None
            fragments.append(rule.cache[value])
        elif rule.required:
            return None
    return "".join(fragments)


def _struct_field(rule: PropertyRule) -> tuple[str, Any, Any]:
    """A number stays raw: msgspec takes 50 times as long for one with a large exponent as for any other."""
    name = _field(rule.wire)
    if rule.kind is int:
        return name, msgspec.Raw, msgspec.field(default=msgspec.Raw(), name=rule.wire)
    return name, rule.kind | None, msgspec.field(default=None, name=rule.wire)


def _field(wire: str) -> str:
    """The name of a struct's field, which no constant or other attribute has."""
    return f"p_{wire}"
