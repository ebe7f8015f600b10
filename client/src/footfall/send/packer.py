"""From spool lines to the events of a request: every line is checked again before it leaves."""

import re
from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from ..catalogue import Catalogue
from .wire import encode_event, encode_members, event_suffix

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


_EncodedProperties = dict[tuple[str, bytes], bytes | None]
"""Of a batch, by the event's name and its properties as they were read."""


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
        suffix, encoded = self._event_suffix(facts, instance_id), _EncodedProperties()
        for line in lines:
            try:
                decoded = self._decode(line)
                properties = self._properties(decoded, encoded, facts, kubernetes)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                packed.dropped["corrupt"] += bool(line.strip())
                continue
            epoch, uuid = decoded.epoch + int(clock_shift), decoded.uuid
            if epoch < oldest:
                packed.dropped["expired"] += 1
            elif properties is None or epoch >= YEAR_10000 or not _is_uuid(uuid):
                packed.dropped["corrupt"] += 1
            else:
                packed.events.append(encode_event(decoded.name, epoch, uuid, properties, suffix))
        return packed

    def _admit_tools(self, tools: AbstractSet[str] | None) -> None:
        if tools != self._tools:
            self._tools, self._checks = tools, self._catalogue.checks(tools)

    def _event_suffix(self, facts: dict[str, Any], instance_id: str) -> bytes:
        common, spooled_id = facts.get("common"), facts.get("instance")
        shared = self._common_check((common if type(common) is dict else {}).get) or {}
        # An ID that Footfall did not make could be anything: a name, an address.
        valid = type(spooled_id) is str and _INSTANCE_ID.fullmatch(spooled_id)
        return event_suffix(str(spooled_id) if valid else instance_id, shared)

    def _properties(
        self, line: _Line, encoded: _EncodedProperties, facts: dict[str, Any], kubernetes: object
    ) -> bytes | None:
        """The same as `_encoded_properties`, once for all events of a batch that have the same ones."""
        key = line.name, bytes(line.properties)
        if key not in encoded:
            encoded[key] = self._encoded_properties(line, facts, kubernetes)
        return encoded[key]

    def _encoded_properties(self, line: _Line, facts: dict[str, Any], kubernetes: object) -> bytes | None:
        """The admitted properties of a line as JSON members; None where the catalogue refuses them.

        Raises msgspec.DecodeError, UnicodeDecodeError or RecursionError.
        """
        properties = self._decode_properties(line.properties)
        check = self._checks.get(line.name)
        if check is None:
            return None
        if line.name == "server_started":
            # Known only once the API server has answered, and recording the event does not wait for that.
            properties.setdefault("k8s_version", facts.get("kubernetes") or kubernetes)
            properties.setdefault("deployment_method", facts.get("deployment"))
        admitted = check(properties.get)
        return None if admitted is None else encode_members(admitted)


def _is_uuid(text: str) -> bool:
    return len(text) == 32 and text.isascii() and not text.encode().translate(None, _HEX)
