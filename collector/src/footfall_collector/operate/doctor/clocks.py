"""The clock of the machine: against those of senders, and against the times that the collector wrote down."""

import statistics
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from ...runtime import checked_content, quantity, read_regular_file
from ..retention import CLOCK_FILE, TOLERANCE_SECONDS, clock_text
from .check import Check, action, note, ok

SKEW_SECONDS = 120.0
_SET = "set this machine's clock (NTP: `timedatectl set-ntp true`)"


class _Record(msgspec.Struct):
    """What the doctor reads of the file: the newest time at which the clock was believed, epoch seconds."""

    trusted: float


def senders_clock_check(recent_skews: Iterable[tuple[str, float]]) -> Check:
    """The clock against the newest arrivals; a peer counts once, by its latest request."""
    by_peer = dict(recent_skews)
    if not by_peer:
        return ok("clock", "no request has come yet whose time could be compared")
    skew = statistics.median(by_peer.values())
    senders = quantity(len(by_peer), "sender")
    if abs(skew) <= SKEW_SECONDS:
        return ok("clock", f"it agrees with the newest requests of {senders}, within {max(1, round(abs(skew)))} s")
    direction = "ahead of" if skew > 0 else "behind"
    text = f"it is {_duration(abs(skew))} {direction} the clocks of {senders}, by their newest requests"
    return action("clock", text, f"{_SET}; if it is right, the senders' clocks are wrong, and times are corrected")


def recorded_clock_checks(data: Path) -> list[Check]:
    """The clock against the time that the last collector believed, for a directory without a running one."""
    now = time.time()
    try:
        trusted = msgspec.json.decode(checked_content(read_regular_file(data / CLOCK_FILE)), type=_Record).trusted
    except FileNotFoundError:
        return [ok("clock", "no collector has written a time here yet")]
    except (OSError, ValueError, msgspec.DecodeError):
        return [action("clock", f"{data / CLOCK_FILE} can't be read", "delete it; the newest event then stands for it")]
    if now < trusted - SKEW_SECONDS:
        text = f"it shows {clock_text(now)}, before the time at which a collector ran here: {clock_text(trusted)}"
        return [action("clock", text, _SET)]
    if now > trusted + TOLERANCE_SECONDS:
        text = f"it shows {clock_text(now)}, and the last collector ran here at {clock_text(trusted)}"
        return [note("clock", text, "if that is right, run `footfall-collector retain --confirm` after the start")]
    return [ok("clock", f"it fits the last collector's time, {clock_text(trusted)}")]


def _duration(seconds: float) -> str:
    if seconds < 7200:
        return quantity(round(seconds / 60), "minute")
    return quantity(round(seconds / 3600), "hour") if seconds < 172_800 else quantity(round(seconds / 86_400), "day")
