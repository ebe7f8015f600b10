"""From journal lines to columns of the table `events`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from ..periods import DAY_SECONDS
from ..tombstones import tombstone_mark

_LATEST = 4_102_444_800  # 2100-01-01, the latest time in the journal
_REQUIRED: dict[str, type] = {
    "product": str, "uuid": str, "event": str, "ts": int, "sent": int, "instance": str, "instance_kind": str,
}  # fmt: skip
_KINDS: dict[str, type] = {"VARCHAR": str, "BOOLEAN": bool, "DOUBLE": float}
ABSENT_VALUES: dict[str, Any] = {"VARCHAR": "", "BOOLEAN": -1, "DOUBLE": float("nan")}
"""DuckDB type of a column to the value in ClickHouse that means the event doesn't carry the property."""

EventLine: TypeAlias = Any
"""A line as the struct that `EventLineReader` defines for the columns; None if it is not an event."""


class EventLineReader:
    """Reads journal lines. `columns` are those of `store.columns.event_columns`."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self.optional = {name: type_ for name, type_ in columns.items() if name not in _REQUIRED and name != "load"}
        fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [
            *_REQUIRED.items(),
            *((name, _KINDS[type_] | None, None) for name, type_ in self.optional.items()),
        ]
        self._kind = msgspec.defstruct("Line", fields, gc=False)
        self._decode = msgspec.json.Decoder(self._kind).decode

    def read(self, segments: Sequence[Path], forgotten: Sequence[str]) -> tuple[list[EventLine], int]:
        """The segments' events, and the number of events of forgotten instances, which are left out.

        Of events with the same product and UUID, the earliest by `ts` is returned. `forgotten` are marks of instances.
        Values that don't fit their column are left out. Raises OSError.
        """
        marks, left_out = set(forgotten), 0
        is_marked: dict[str, bool] = {}
        events: dict[tuple[str, str], EventLine] = {}
        for segment in segments:
            for line in segment.read_bytes().splitlines():
                event = self._event(line)
                if not _is_complete(event):
                    continue
                if marks and _is_forgotten(event.instance, marks, is_marked):
                    left_out += 1
                    continue
                key = (event.product, event.uuid)
                if key not in events or event.ts < events[key].ts:
                    events[key] = event
        return list(events.values()), left_out

    def _event(self, line: bytes) -> EventLine:
        try:
            return self._decode(line)
        except msgspec.ValidationError:
            # The line is intact, so the catalogue has changed since it was written: keep the values that still fit.
            return self._lenient(msgspec.json.decode(line))

    def _lenient(self, values: dict[str, Any]) -> EventLine:
        optional = {}
        for name, type_ in self.optional.items():
            try:
                optional[name] = msgspec.convert(values.get(name), _KINDS[type_] | None, strict=False)
            except msgspec.ValidationError:
                optional[name] = None
        try:
            return msgspec.convert({**{name: values.get(name) for name in _REQUIRED}, **optional}, self._kind)
        except msgspec.ValidationError:
            return None

    def columns(self, events: Sequence[EventLine], load: int) -> dict[str, list[Any]]:
        """Column to values of the table `events`, sorted as the table sorts, so that equal events give equal blocks."""
        ordered = sorted(events, key=lambda event: (event.product, event.ts // DAY_SECONDS, event.sent, event.uuid))
        columns: dict[str, list[Any]] = {
            "load": [load] * len(ordered),
            "day": [event.ts // DAY_SECONDS for event in ordered],
        }
        for name in ("product", "uuid", "event", "ts", "sent", "instance_kind"):
            columns[name] = [getattr(event, name) for event in ordered]
        columns["instance"] = [int(event.instance, 16) for event in ordered]
        for name, type_ in self.optional.items():
            columns[name] = [_stored(getattr(event, name), type_) for event in ordered]
        return columns


def _stored(value: Any, type_: str) -> Any:
    """A property's value as the table stores it."""
    if value is None:
        return ABSENT_VALUES[type_]
    return int(value) if type_ == "BOOLEAN" else value


def _is_complete(event: EventLine) -> bool:
    return event is not None and 0 <= event.ts <= _LATEST and 0 <= event.sent <= _LATEST


def _is_forgotten(instance: str, marks: set[str], is_marked: dict[str, bool]) -> bool:
    answer = is_marked.get(instance)
    if answer is None:
        answer = is_marked[instance] = tombstone_mark(instance) in marks
    return answer


def count_by_product(events: Sequence[EventLine]) -> Counter[str]:
    """Product to the number of its events."""
    return Counter(event.product for event in events)
