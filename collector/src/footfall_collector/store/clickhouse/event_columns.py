"""From journal segments to columns of events."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from ..periods import DAY
from ..tombstones import mark_of

_LATEST = 4_102_444_800  # 2100-01-01, the latest that the journal writes
_REQUIRED: dict[str, type] = {
    "product": str, "uuid": str, "event": str, "ts": int, "sent": int, "instance": str, "instance_kind": str,
}  # fmt: skip
_KINDS: dict[str, type] = {"VARCHAR": str, "BOOLEAN": bool, "DOUBLE": float}
NOT_SAID: dict[str, Any] = {"VARCHAR": "", "BOOLEAN": -1, "DOUBLE": float("nan")}
"""By DuckDB type of a column: what stands there in ClickHouse where an event doesn't carry it."""

Event: TypeAlias = Any
"""One line, as the struct that `Lines` makes of the columns; None where it is none."""


class Lines:
    """Reads journal lines with the columns of `schema.columns_of`."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self.optional = {name: type_ for name, type_ in columns.items() if name not in _REQUIRED and name != "load"}
        fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [
            *_REQUIRED.items(),
            *((name, _KINDS[type_] | None, None) for name, type_ in self.optional.items()),
        ]
        self._kind = msgspec.defstruct("Line", fields, gc=False)
        self._decode = msgspec.json.Decoder(self._kind).decode

    def read(self, segments: Sequence[Path], forgotten: Sequence[str]) -> tuple[list[Event], int]:
        """The events of segments, of one product and UUID the earliest by `ts`; and how many were of the forgotten.

        `forgotten` are marks of instances, whose events are left out. Values that fit no column are left out. OSError.
        """
        marks, gone = set(forgotten), 0
        known: dict[str, bool] = {}
        found: dict[tuple[str, str], Event] = {}
        for segment in segments:
            for line in segment.read_bytes().splitlines():
                event = self._event(line)
                if not _whole(event):
                    continue
                if marks and _is_gone(event.instance, marks, known):
                    gone += 1
                    continue
                key = (event.product, event.uuid)
                if key not in found or event.ts < found[key].ts:
                    found[key] = event
        return list(found.values()), gone

    def _event(self, line: bytes) -> Event:
        try:
            return self._decode(line)
        except msgspec.ValidationError:
            # The line is what was written, so the catalogue changed meanwhile: keep what still fits.
            return self._lenient(msgspec.json.decode(line))

    def _lenient(self, values: dict[str, Any]) -> Event:
        kept = {}
        for name, type_ in self.optional.items():
            try:
                kept[name] = msgspec.convert(values.get(name), _KINDS[type_] | None, strict=False)
            except msgspec.ValidationError:
                kept[name] = None
        try:
            return msgspec.convert({**{name: values.get(name) for name in _REQUIRED}, **kept}, self._kind)
        except msgspec.ValidationError:
            return None

    def columns(self, events: Sequence[Event], load: int) -> dict[str, list[Any]]:
        """Name to values of the table `events`, in the table's own order, so that equal events give equal blocks."""
        ordered = sorted(events, key=lambda event: (event.product, event.ts // DAY, event.sent, event.uuid))
        columns: dict[str, list[Any]] = {"load": [load] * len(ordered), "day": [event.ts // DAY for event in ordered]}
        for name in ("product", "uuid", "event", "ts", "sent", "instance_kind"):
            columns[name] = [getattr(event, name) for event in ordered]
        columns["instance"] = [int(event.instance, 16) for event in ordered]
        for name, type_ in self.optional.items():
            columns[name] = [_stored(getattr(event, name), type_) for event in ordered]
        return columns


def _stored(value: Any, type_: str) -> Any:
    """A value as the table has it."""
    if value is None:
        return NOT_SAID[type_]
    return int(value) if type_ == "BOOLEAN" else value


def _whole(event: Event) -> bool:
    return event is not None and 0 <= event.ts <= _LATEST and 0 <= event.sent <= _LATEST


def _is_gone(instance: str, marks: set[str], known: dict[str, bool]) -> bool:
    answer = known.get(instance)
    if answer is None:
        answer = known[instance] = mark_of(instance) in marks
    return answer
