"""From spool lines to wire events: every line is checked again before it leaves."""

from typing import Any

import msgspec

from .counters import Counters
from .schema import Catalogue, Properties
from .wire import wire_event

MOST_AGE_SECONDS = 30 * 86_400


class _Line(msgspec.Struct, rename={"name": "e", "epoch": "t", "uuid": "u", "properties": "p"}):
    name: str
    epoch: int
    uuid: str
    properties: dict[str, Any]


_HEX = frozenset("0123456789abcdef")


class Packer:
    """Makes wire events out of spool lines.

    A spool can hold what an older version, another program or a failing disk wrote, so names, kinds and identifiers
    are checked as `record` checked them.
    """

    def __init__(self, catalogue: Catalogue, counters: Counters) -> None:
        self._decoder = msgspec.json.Decoder(_Line)
        self._checks = catalogue.checks()
        self._common = catalogue.common_check()
        self._counters = counters

    def pack(
        self, line: bytes, facts: dict[str, Any], instance: str, kubernetes: str | None, oldest: float
    ) -> dict[str, Any] | None:
        """One wire event; None where the line is unreadable (counted) or older than `oldest`, epoch seconds (counted).

        `facts` is what the line's segment says: `common` properties, `instance`, `kubernetes`, `deployment`; where
        it lacks the last three, this process's own are meant.
        """
        try:
            raw = self._decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            if line.strip():
                self._counters.drop("corrupt")
            return None
        if raw.epoch < oldest:
            self._counters.drop("expired")
            return None
        own = self._own(raw, facts, kubernetes)
        if own is None or len(raw.uuid) != 32 or not _HEX.issuperset(raw.uuid):
            self._counters.drop("corrupt")
            return None
        common = facts.get("common")
        shared = self._common((common if type(common) is dict else {}).get) or {}
        return wire_event(raw.name, raw.epoch, raw.uuid, instance, {**own, **shared})

    def _own(self, raw: _Line, facts: dict[str, Any], kubernetes: str | None) -> Properties | None:
        check = self._checks.get(raw.name)
        if check is None:
            return None
        properties = raw.properties
        if raw.name == "server_started":
            # Known only once the API server answered, which nobody waits for when the event is recorded.
            properties.setdefault("k8s_version", kubernetes)
            properties.setdefault("deployment_method", facts.get("deployment"))
        return check(properties.get)
