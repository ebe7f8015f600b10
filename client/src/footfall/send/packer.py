"""From spool lines to wire events: every line is checked again before it leaves."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from ..catalogue import Catalogue, Properties
from .wire import closing, wire_event

MOST_AGE_SECONDS = 30 * 86_400
YEAR_10000 = 253_402_300_800
"""No time beyond it can be written."""
_HEX = frozenset("0123456789abcdef")
_INSTANCE = re.compile(r"(cluster|local|ephemeral)_[0-9a-f]{16}")


class _Line(msgspec.Struct, rename={"name": "e", "epoch": "t", "uuid": "u", "properties": "p"}, gc=False):
    name: str
    epoch: int
    uuid: str
    properties: dict[str, Any]


class Packed(msgspec.Struct):
    """Wire events as JSON objects, and how many lines were left out, by reason (see counters.DROP_REASONS)."""

    events: list[bytes] = msgspec.field(default_factory=list)
    dropped: Counter[str] = msgspec.field(default_factory=Counter)


class Packer:
    """Makes wire events out of spool lines.

    A spool can hold what an older version, another program or a failing disk wrote, so names, kinds and identifiers
    are checked as `record` checked them.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._decode = msgspec.json.Decoder(_Line).decode
        self._checks = catalogue.checks()
        self._common = catalogue.common_check()

    def pack(
        self,
        lines: Iterable[bytes],
        facts: dict[str, Any],
        instance: str,
        kubernetes: str | None,
        *,
        oldest: float,
        shift: float = 0.0,
    ) -> Packed:
        """Wire events of spool lines.

        Args:
            lines: without their newlines.
            facts: what the lines' segment says: `common` properties, `instance`, `kubernetes`, `deployment`.
            instance: this process's own, meant where `facts` has none.
            kubernetes: this process's own, likewise.
            oldest: what happened before is left out as expired; epoch seconds.
            shift: added to the lines' times, seconds.
        """
        packed = Packed()
        close = self._closing(facts, instance)
        deployment = facts.get("deployment")
        kubernetes = facts.get("kubernetes") or kubernetes
        for line in lines:
            try:
                raw = self._decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                packed.dropped["corrupt"] += bool(line.strip())
                continue
            epoch = raw.epoch + int(shift)
            own = self._own(raw, deployment, kubernetes)
            if epoch < oldest:
                packed.dropped["expired"] += 1
            elif own is None or epoch >= YEAR_10000 or len(raw.uuid) != 32 or not _HEX.issuperset(raw.uuid):
                packed.dropped["corrupt"] += 1
            else:
                packed.events.append(wire_event(raw.name, epoch, raw.uuid, own, close))
        return packed

    def _closing(self, facts: dict[str, Any], instance: str) -> bytes:
        common, known = facts.get("common"), facts.get("instance")
        shared = self._common((common if type(common) is dict else {}).get) or {}
        # An ID that nobody here made could be anything: a name, an address.
        whose = known if type(known) is str and _INSTANCE.fullmatch(known) else instance
        return closing(whose, shared)

    def _own(self, raw: _Line, deployment: object, kubernetes: object) -> Properties | None:
        check = self._checks.get(raw.name)
        if check is None:
            return None
        properties = raw.properties
        if raw.name == "server_started":
            # Known only once the API server answered, which nobody waits for when the event is recorded.
            properties.setdefault("k8s_version", kubernetes)
            properties.setdefault("deployment_method", deployment)
        return check(properties.get)
