"""From spool lines to the events of a request: every line is checked again before it leaves."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from ..catalogue import Catalogue
from .wire import encode_event, encode_members, event_prefix, event_rest, event_suffix

MAX_EVENT_AGE_SECONDS = 30 * 86_400
YEAR_10000 = 253_402_300_800
"""Epoch seconds; a later time has no RFC 3339 form."""
_HEX = b"0123456789abcdef"
_INSTANCE_ID = re.compile(r"(cluster|local|ephemeral)_[0-9a-f]{16}")


class _Line(msgspec.Struct, rename={"name": "e", "epoch": "t", "uuid": "u", "properties": "p"}, gc=False):
    name: str
    epoch: int
    uuid: str
    properties: msgspec.Raw


_UUID_START = b',"u":"'
_UUID_LENGTH = 32
_MAX_RESTS = 500
_DELAYED = "server_started"
"""What it says is completed at sending."""
_Rests = dict[bytes, bytes]
"""Of events of one name: what follows the UUID in a line, and what is sent for it."""
_Prefixes = dict[bytes, tuple[bytes, _Rests]]
"""Of a batch: what precedes the UUID in a line, what is sent for it, and what may follow."""


class PackedBatch(msgspec.Struct):
    """Events as JSON objects, and how many lines were left out, by reason (see DROP_REASONS)."""

    events: list[bytes] = msgspec.field(default_factory=list)
    dropped: Counter[str] = msgspec.field(default_factory=Counter)


class Packer:
    """Makes events of spool lines.

    An older version, another program or a failing disk may have written to a spool, so names, kinds and identifiers
    are checked as `record` checked them.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._decode = msgspec.json.Decoder(_Line).decode
        self._decode_properties = msgspec.json.Decoder(dict[str, Any]).decode
        self._catalogue = catalogue
        self._tools: AbstractSet[str] | None = None
        self._checks = catalogue.checks()
        self._common_check = catalogue.common_check()
        self._suffix = b""
        self._rests: dict[str, _Rests] = {}

    def pack(
        self,
        lines: Iterable[bytes],
        facts: dict[str, Any],
        instance_id: str,
        kubernetes: str | None,
        *,
        oldest: float,
        clock_shift: float = 0.0,
        tools: AbstractSet[str] | None = None,
    ) -> PackedBatch:
        """The events of spool lines.

        Args:
            lines: without their newlines.
            facts: from the header of their segment: `common` properties, `instance`, `kubernetes`, `deployment`.
            instance_id: this process's, used where `facts` has none.
            kubernetes: this process's version of Kubernetes, likewise.
            oldest: events before this time are left out as expired; epoch seconds.
            clock_shift: added to the lines' times, seconds.
            tools: the names that a tool may have; any other is sent as `other`. None where they are not known.
        """
        packed = PackedBatch()
        self._admit_tools(tools)
        self._keep_rests(self._event_suffix(facts, instance_id))
        prefixes: _Prefixes = {}
        shift = int(clock_shift)
        for line in lines:
            # Many lines differ in their UUID only: the parts before and after it were checked in earlier lines.
            begin = line.find(_UUID_START) + len(_UUID_START)
            end = begin + _UUID_LENGTH
            known = prefixes.get(line[:begin])
            rest = known[1].get(line[end:]) if known is not None else None
            if known is None or rest is None:
                self._pack_line(line, packed, prefixes, facts, kubernetes, oldest, shift)
            elif line[begin:end].translate(None, _HEX):
                packed.dropped["corrupt"] += 1
            else:
                packed.events.append(encode_event(known[0], line[begin:end], rest))
        return packed

    def _admit_tools(self, tools: AbstractSet[str] | None) -> None:
        if tools != self._tools:
            self._tools, self._checks = tools, self._catalogue.checks(tools)
            self._rests = {}

    def _keep_rests(self, suffix: bytes) -> None:
        """Keep what earlier batches found, as far as it ends with this suffix and is not too much."""
        if suffix != self._suffix or sum(map(len, self._rests.values())) > _MAX_RESTS:
            self._suffix, self._rests = suffix, {}

    def _event_suffix(self, facts: dict[str, Any], instance_id: str) -> bytes:
        common, spooled_id = facts.get("common"), facts.get("instance")
        shared = self._common_check((common if type(common) is dict else {}).get) or {}
        # An ID that Footfall did not make could be anything: a name, an address.
        valid = type(spooled_id) is str and _INSTANCE_ID.fullmatch(spooled_id)
        return event_suffix(str(spooled_id) if valid else instance_id, shared)

    def _pack_line(
        self,
        line: bytes,
        packed: PackedBatch,
        prefixes: _Prefixes,
        facts: Mapping[str, Any],
        kubernetes: object,
        oldest: float,
        clock_shift: int,
    ) -> None:
        """Check a line whole; one of the usual form adds to what is known of the others."""
        try:
            decoded = self._decode(line)
            members = self._encoded_properties(decoded, facts, kubernetes)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            packed.dropped["corrupt"] += bool(line.strip())
            return
        epoch, name = decoded.epoch + clock_shift, decoded.name
        if epoch < oldest:
            packed.dropped["expired"] += 1
            return
        if members is None or epoch >= YEAR_10000 or not _is_uuid(decoded.uuid):
            packed.dropped["corrupt"] += 1
            return
        prefix, uuid, rest = event_prefix(name, epoch), decoded.uuid.encode(), event_rest(members, self._suffix)
        packed.events.append(encode_event(prefix, uuid, rest))
        if name != _DELAYED:
            # Written as the recorder writes them, from what was decoded: no odd line decides what a usual one means.
            before = b'{"e":"%s","t":%d%s' % (name.encode(), decoded.epoch, _UUID_START)
            rests = self._rests.setdefault(name, {})
            rests[b'","p":%s}' % bytes(decoded.properties)] = rest
            prefixes[before] = prefix, rests

    def _encoded_properties(self, line: _Line, facts: Mapping[str, Any], kubernetes: object) -> bytes | None:
        """The admitted properties of a line as JSON members; None where the catalogue refuses them.

        Raises msgspec.DecodeError, UnicodeDecodeError or RecursionError.
        """
        properties = self._decode_properties(line.properties)
        check = self._checks.get(line.name)
        if check is None:
            return None
        if line.name == _DELAYED:
            # Known only once the API server has answered, and recording the event does not wait for that.
            properties.setdefault("k8s_version", facts.get("kubernetes") or kubernetes)
            properties.setdefault("deployment_method", facts.get("deployment"))
        admitted = check(properties.get)
        return None if admitted is None else encode_members(admitted)


def _is_uuid(text: str) -> bool:
    return len(text) == _UUID_LENGTH and text.isascii() and not text.encode().translate(None, _HEX)
