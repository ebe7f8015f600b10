"""record(): check, stamp, encode, append. Never raises, never blocks, counts every drop by reason."""

import logging
import os
import weakref
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from ..catalogue import (
    OTHER,
    Catalogue,
    ClientConnected,
    Event,
    EventCheck,
    ToolError,
    ToolExecuted,
    ToolName,
    Value,
)
from ..runtime import NOTES, Clock, Counters
from .precomputed import PrecomputedCalls, class_name, encoded_duration

if TYPE_CHECKING:
    from .extra_values import ExtraValues, PropertySource

log = logging.getLogger("footfall")
_DRAWN_UUIDS = 64
"""At a time. One call in so many pays ten microseconds for it: drawing four times as many would make it a slow call."""
_VERSION_4 = bytes(byte & 0x0F | 0x40 for byte in range(256))
_VARIANT = bytes(byte & 0x3F | 0x80 for byte in range(256))


class UuidPool:
    """Random version-4 UUIDs as 32 hex digits. They hold nothing of time or place.

    Drawn from the kernel several at a time; safe from any thread, since removing one is a single atomic operation.

    Attributes:
        unused: UUIDs that were drawn and not yet returned.
    """

    def __init__(self) -> None:
        self.unused: deque[bytes] = deque()

    def next(self) -> bytes:
        try:
            return self.unused.popleft()
        except IndexError:
            random = bytearray(os.urandom(16 * _DRAWN_UUIDS))
            random[6::16] = random[6::16].translate(_VERSION_4)
            random[8::16] = random[8::16].translate(_VARIANT)
            digits = random.hex().encode()
            self.unused.extend(digits[i : i + 32] for i in range(32, len(digits), 32))
            return digits[:32]

    def clear(self) -> None:
        """Drop the unused UUIDs: a forked child must not return its parent's."""
        self.unused.clear()


class Recorder:
    """Turns events into spool lines: `{"e": name, "t": epoch seconds, "u": 32 hex digits, "p": {properties}}`.

    Args:
        catalogue: the events that may be recorded.
        append: takes one line, newline included; returns without waiting.
        counters: where drops are counted.
        clock: stamps the lines.

    Attributes:
        append: as the argument; a test's capture stands in front of it.
        capture: returns the test's capture that takes the events now, if there is one.
        sessions: those of the servers that record here; they begin again when a capture takes over or ends.
    """

    def __init__(
        self, catalogue: Catalogue, append: Callable[[bytes], object], counters: Counters, clock: Clock
    ) -> None:
        self.tools: set[str] = set()
        self.counters = counters
        self.uuids = UuidPool()
        self._next_uuid = self.uuids.unused.popleft
        self.append = append
        self.capture: Callable[[], Any] | None = None
        self.sessions: weakref.WeakSet[Any] = weakref.WeakSet()
        self._now = clock.now
        self._encode = msgspec.json.Encoder().encode
        self._last_stamp = 0, b""
        checks = catalogue.event_checks(self.tools)
        self._events: dict[type, tuple[bytes, EventCheck]] = {
            event.struct: (b'{"e":"%s","t":' % name.encode(), checks[name]) for name, event in catalogue.events.items()
        }
        self._call_prefix, check = self._events[ToolExecuted]
        self._calls = PrecomputedCalls(check, self.note)
        self._catalogue = catalogue
        self._extra: ExtraValues | None = None
        self._product = catalogue.product
        self._logged: set[str] = set()
        self._note_other_clients()

    def record(self, event: Event, source: "PropertySource | None" = None) -> bool:
        """Append one event; whether it was accepted. Takes about three microseconds. Never raises.

        `source` fills the extra properties of a `client_connected`.
        """
        try:
            known = self._events.get(type(event))
            if known is None:
                self.counters.drop("unknown_event")
                return False
            prefix, check = known
            encoded = self._calls.of_event(event) if type(event) is ToolExecuted and source is None else None
            if encoded is None:
                properties = check(event)
                if properties is None:
                    self.counters.drop("invalid")
                    return False
                if source is not None:
                    properties |= self._extra_values().values(source, str(event.__struct_config__.tag), None)
                encoded = self._encode(properties)
            now = int(self._now())
            second, stamp = self._last_stamp
            if second != now:
                stamp = self._stamp(now)
            self.append(b"".join((prefix, stamp, self.uuids.next(), b'","p":', encoded, b"}\n")))
            return True
        except Exception:  # noqa: BLE001 - an error in telemetry must never reach the host
            self.counters.drop("internal")
            return False

    def record_call(
        self,
        tool: str,
        client: str,
        seconds: float,
        error: BaseException | None = None,
        source: "PropertySource | None" = None,
    ) -> None:
        """A tool call ended: append `tool_executed`, and `tool_error` if it ended with an exception. Never raises.

        `source` fills the extra properties of `tool_executed`.
        Makes the same events as `record`, without an object for each. It runs once per tool call, when the processor's
        caches hold the host's data, so its cost depends on how few functions and objects it touches.
        """
        try:
            calls, success, milliseconds = self._calls, error is None, seconds * 1000.0
            properties = calls.entries.get((tool, client, success)) or calls.add(tool, client, success)
            duration = encoded_duration(milliseconds)
            if properties is None or duration is None:
                self.counters.drop("invalid")
            else:
                if source is not None:
                    duration += self._extra_values().encoded_for_call(source, tool)
                try:
                    uuid = self._next_uuid()
                except IndexError:
                    uuid = self.uuids.next()
                now = int(self._now())
                second, stamp = self._last_stamp
                if second != now:
                    stamp = self._stamp(now)
                self.append(b"".join((self._call_prefix, stamp, uuid, b'","p":', properties, duration, b"}}\n")))
            if error is not None:
                self.record(ToolError(tool=tool, error_type=class_name(type(error))))
        except Exception:  # noqa: BLE001 - as above
            self.counters.drop("internal")

    def _stamp(self, now: int) -> bytes:
        """The part of a line from its time to its UUID, formatted once a second."""
        stamp = b'%d,"u":"' % now
        self._last_stamp = now, stamp
        return stamp

    def _extra_values(self) -> "ExtraValues":
        if self._extra is None:
            # By file: only a host that fills extra properties needs it.
            from .extra_values import ExtraValues

            self._extra = ExtraValues(self._catalogue, self.tools, self.note)
        return self._extra

    def note(self, note: str, is_logged: bool = True, detail: str = "") -> None:
        """Count a key of NOTES, which `footfall status` shows, and log it once; never a value. Never raises.

        `detail` is from code: the name of a class or of a property of the catalogue.
        """
        try:
            self.counters.note(note)
            if is_logged and note not in self._logged:
                self._logged.add(note)
                log.warning("%s telemetry: some %s%s", self._product, NOTES[note], detail)
        except Exception:  # noqa: BLE001 - as above
            return

    def _note_other_clients(self) -> None:
        """Note each connection of a client that is in no vocabulary. Other events pay nothing for it."""
        known = self._events.get(ClientConnected)
        if known is None:
            return
        prefix, check = known

        def check_and_note(event: Event) -> dict[str, Value] | None:
            admitted = check(event)
            if admitted is not None and admitted.get("mcp_client") == OTHER != getattr(event, "mcp_client", OTHER):
                self.note("unlisted_client")
            return admitted

        self._events[ClientConnected] = prefix, check_and_note

    def tools_recorded_as_other(self) -> list[str]:
        """The registered names that have not the form of a tool's name. For this machine's operator alone."""
        admit = ToolName().checker()
        return sorted(name for name in tuple(self.tools) if admit(name) != name)

    def register_tools(self, *names: str) -> None:
        """Allow these names as values of `tool`; any other is recorded as `other`."""
        self.tools.update(name for name in names if type(name) is str)
        self._calls.clear()
