"""record(): check, stamp, append. Never raises, never blocks, counts every drop by reason."""

import os
from collections import deque
from collections.abc import Callable
from typing import Protocol

import msgspec

from ..catalogue import Catalogue, Event, EventCheck, ToolError, ToolExecuted, round_significant
from ..runtime import Counters
from .precomputed import ReadyCalls, class_name, duration_check


class Clock(Protocol):
    """Tells the time in seconds since the epoch."""

    def now(self) -> float:
        """Now."""


_VERSION_4 = bytes(byte & 0x0F | 0x40 for byte in range(256))
_USUAL_MS = 3_600_000.0
"""Durations below need no check but rounding."""
_VARIANT = bytes(byte & 0x3F | 0x80 for byte in range(256))


class RandomIds:
    """Random 128-bit numbers as 32 hex digits with the bits of a version-4 UUID. Holds nothing of time or place.

    Drawn from the kernel 256 at a time; safe from any thread, since taking one is a single atomic operation.

    Attributes:
        pool: those that were drawn and not yet taken.
    """

    def __init__(self) -> None:
        self.pool: deque[bytes] = deque()

    def next(self) -> bytes:
        """One fresh id."""
        try:
            return self.pool.popleft()
        except IndexError:
            fresh = bytearray(os.urandom(16 * 256))
            fresh[6::16] = fresh[6::16].translate(_VERSION_4)
            fresh[8::16] = fresh[8::16].translate(_VARIANT)
            digits = fresh.hex().encode()
            self.pool.extend(digits[i : i + 32] for i in range(32, len(digits), 32))
            return digits[:32]

    def forget(self) -> None:
        """Drop what was drawn: a forked child must not hand out its parent's ids."""
        self.pool.clear()


class Recorder:
    """Turns events into spool lines: `{"e": name, "t": epoch seconds, "u": 32 hex digits, "p": {properties}}`.

    Args:
        catalogue: what may be said.
        append: takes one line, newline included; returns without waiting.
        counters: where drops are counted.
        clock: `now()` in seconds since the epoch.
    """

    def __init__(
        self, catalogue: Catalogue, append: Callable[[bytes], object], counters: Counters, clock: Clock
    ) -> None:
        self.tools: set[str] = set()
        self.counters = counters
        self.ids = RandomIds()
        self._take_id = self.ids.pool.popleft
        self._append = append
        self._now = clock.now
        self._encode = msgspec.json.Encoder().encode
        self._stamped = 0, b""
        checks = catalogue.event_checks(self.tools)
        self._known: dict[type, tuple[bytes, EventCheck]] = {
            event.struct: (b'{"e":"%s","t":' % name.encode(), checks[name]) for name, event in catalogue.events.items()
        }
        self._opening, check = self._known[ToolExecuted]
        self._calls = ReadyCalls(check)
        self._duration = duration_check()

    def record(self, event: Event) -> bool:
        """Append one event; whether it was accepted. Costs about three microseconds. Never raises."""
        try:
            known = self._known.get(type(event))
            if known is None:
                self.counters.drop("unknown_event")
                return False
            opening, check = known
            properties = check(event)
            if properties is None:
                self.counters.drop("invalid")
                return False
            now = int(self._now())
            second, stamp = self._stamped
            if second != now:
                # A time is written out once a second.
                stamp = b'%d,"u":"' % now
                self._stamped = now, stamp
            self._append(b"".join((opening, stamp, self.ids.next(), b'","p":', self._encode(properties), b"}\n")))
            return True
        except Exception:  # noqa: BLE001 - the host must never see an error of telemetry's, whatever it is
            self.counters.drop("internal")
            return False

    def record_call(self, tool: str, client: str, seconds: float, error: BaseException | None = None) -> None:
        """A call of a tool ended: `tool_executed`, and `tool_error` where it ended with an exception. Never raises.

        The same events as `record` makes of the same call, for a third of the time. It runs once per tool call, when
        the processor's caches are full of something else: what counts is how few functions and objects it touches.
        """
        try:
            calls, good, milliseconds = self._calls, error is None, seconds * 1000.0
            properties = calls.kept.get((tool, client, good)) or calls.make(tool, client, good)
            duration = (
                round_significant(milliseconds) if 0.0 <= milliseconds < _USUAL_MS else self._duration(milliseconds)
            )
            if properties is None or duration is None:
                self.counters.drop("invalid")
            else:
                try:
                    fresh = self._take_id()
                except IndexError:
                    fresh = self.ids.next()
                self._append(b'%s%d,"u":"%s","p":%s%a}}\n' % (self._opening, self._now(), fresh, properties, duration))
            if error is not None:
                self.record(ToolError(tool=tool, error_type=class_name(type(error))))
        except Exception:  # noqa: BLE001 - as above
            self.counters.drop("internal")

    def register_tools(self, *names: str) -> None:
        """Allow these names as values of `tool`; anything else is `other`."""
        self.tools.update(name for name in names if type(name) is str)
        self._calls.forget()
