"""Trusted time: whether the collector's clock can be believed.

The clock of a machine can jump, by a wrong setting, a dead battery or a restored snapshot. So the newest time at which
it was believed is kept in DATA/clock.json, with the machine's time since its boot. The clock is doubtful if it differs
from the kept time by more than two days at the start, or if it moves by more than two days against the machine's time
while the collector runs, restarts within one boot included. Only an operator can say that a doubtful clock is right.
"""

import logging
import math
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ...runtime import checked_content, quantity, read_regular_file, replace_file, with_checksum

_log = logging.getLogger(__name__)

CLOCK_FILE = "clock.json"
TOLERANCE_SECONDS = 2 * 86_400
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class _ClockRecord(msgspec.Struct, frozen=True):
    """The content of the file.

    Attributes:
        trusted: the newest time at which the clock was believed, epoch seconds. It never moves back by itself.
        anchor: the time that belongs to `uptime`, epoch seconds.
        uptime: seconds since the boot `boot`.
        newest_removed: the newest month that retention removed, such as `2026-08`; empty for none.
    """

    trusted: float
    anchor: float
    uptime: float
    boot: str = ""
    newest_removed: str = ""


class TrustedTime:
    """The clock of one data directory. Any thread may read it; `keep`, `confirm` and `note_removed` are the loader's.

    Args:
        data: DATA, for the file.
        newest_event: the time of the newest stored event, for a directory without the file; None for an empty store.
        wall: the clock, epoch seconds.
        uptime: seconds since the machine's boot.
        boot: the name of the machine's boot; empty where it is not known.
    """

    def __init__(
        self,
        data: Path,
        newest_event: Callable[[], int | None],
        wall: Callable[[], float] | None = None,
        uptime: Callable[[], float] | None = None,
        boot: str | None = None,
    ) -> None:
        self._path = data / CLOCK_FILE
        self._wall, self._uptime = wall or time.time, uptime or _uptime
        self._boot = _boot_id() if boot is None else boot
        self._lock = threading.Lock()
        self._write_failed = self._was_doubtful = False
        self._record = self._read() or self._first_record(newest_event())
        self._begin()

    def _read(self) -> _ClockRecord | None:
        try:
            record = msgspec.json.decode(checked_content(read_regular_file(self._path)), type=_ClockRecord)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError, ValueError) as error:
            _log.warning(
                "clock: %s can't be read (%s); the newest event stands for it", self._path, type(error).__name__
            )
            return None
        sound = all(map(math.isfinite, (record.trusted, record.anchor, record.uptime))) and record.trusted > 0
        return record if sound else None

    def _first_record(self, newest_event: int | None) -> _ClockRecord:
        wall, uptime = self._wall(), self._uptime()
        trusted = wall if newest_event is None else min(wall, float(newest_event))
        return _ClockRecord(trusted, trusted, uptime)

    def _begin(self) -> None:
        """Choose the time that this process measures from."""
        record, wall, uptime = self._record, self._wall(), self._uptime()
        same_boot = bool(self._boot) and record.boot == self._boot and uptime >= record.uptime
        estimates = [record.trusted, *([record.anchor + uptime - record.uptime] if same_boot else [])]
        if any(abs(wall - estimate) > TOLERANCE_SECONDS for estimate in estimates):
            # The earlier one: small steps, each within the tolerance, must not add up over restarts.
            self._record = msgspec.structs.replace(record, anchor=min(estimates), uptime=uptime, boot=self._boot)
        elif not same_boot:
            self._record = msgspec.structs.replace(record, anchor=wall, uptime=uptime, boot=self._boot)
        self.keep()

    def wall(self) -> float:
        """The clock as it is, epoch seconds."""
        return self._wall()

    def expected(self) -> float:
        """The time that the clock should show, by the machine's time since the anchor."""
        return self._record.anchor + self._uptime() - self._record.uptime

    def now(self) -> float:
        """The clock, or the time that it should show if that is earlier and the clock is doubtful."""
        wall, expected = self._wall(), self.expected()
        return min(wall, expected) if abs(wall - expected) > TOLERANCE_SECONDS else wall

    def doubt(self) -> str:
        """Why the clock is doubtful, as a clause; empty while it can be believed. Each change is logged once."""
        wall, expected = self._wall(), self.expected()
        difference = wall - expected
        doubtful = abs(difference) > TOLERANCE_SECONDS
        direction = "ahead of" if difference > 0 else "behind"
        text = (
            f"the clock says {clock_text(wall)}, {quantity(round(abs(difference) / 86_400), 'day')} {direction} the "
            f"time that the collector knows of, {clock_text(expected)}"
        )
        with self._lock:
            changed, self._was_doubtful = doubtful != self._was_doubtful, doubtful
        if changed and doubtful:
            _log.warning(
                "clock: %s; nothing is deleted or published. If it is right, run `footfall-collector retain "
                "--confirm`; if not, set it",
                text,
            )
        elif changed:
            _log.info("clock: it is believed again, at %s", clock_text(wall))
        return text if doubtful else ""

    @property
    def newest_removed(self) -> str:
        """The newest month that retention removed; empty for none."""
        return self._record.newest_removed

    def keep(self) -> None:
        """Write down the present time, unless the clock is doubtful."""
        wall = self._wall()
        if abs(wall - self.expected()) <= TOLERANCE_SECONDS:
            self._record = msgspec.structs.replace(self._record, trusted=max(self._record.trusted, wall))
        self._write()

    def confirm(self) -> None:
        """Believe the clock: an operator says that it is right."""
        wall = self._wall()
        self._record = _ClockRecord(wall, wall, self._uptime(), self._boot, self._record.newest_removed)
        self._write()

    def note_removed(self, month: str) -> None:
        """Write down the newest month that was removed; empty after a month was restored."""
        self._record = msgspec.structs.replace(self._record, newest_removed=month)
        self._write()

    def _write(self) -> None:
        try:
            replace_file(self._path, with_checksum(msgspec.json.encode(self._record)))
        except OSError as error:
            # Without the file the next start doubts sooner, never later: nothing is lost by it.
            if not self._write_failed:
                _log.warning("clock: %s can't be written (%s)", self._path, error.strerror)
            self._write_failed = True
        else:
            self._write_failed = False


def clock_text(epoch: float) -> str:
    """`2026-11-28 21:40 UTC`; a time outside of the calendar in seconds."""
    try:
        return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return f"{epoch:.0f} s since 1970"


def _uptime() -> float:
    # Linux counts the time of a suspended machine in this clock only.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""
