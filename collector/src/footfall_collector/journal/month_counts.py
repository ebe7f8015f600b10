"""The number of events that each month of the store must have, in DATA/months.json: outside of the store's folder.

Without it nothing shows that the whole store is gone, or that a month's file is an older version of itself: months and
roll-ups are counted by one another only. The file has a checksum, and a second copy in DATA/copies.

The numbers may be behind the store and are never ahead of it, so no end of the process claims a loss:

1. They are written after a checkpoint, once the journal segments of its loads are deleted.
2. They are lowered before events are deleted. Without that the deletion does not begin.
3. Where the file and its copy differ, the lower number counts.
"""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import msgspec
from msgspec.structs import replace

from ..runtime import has_checksum_of_content, read_copy, read_regular_file, replace_with_copy, with_checksum

_log = logging.getLogger(__name__)

MONTHS_FILE = "months.json"

PresentEvents = Callable[[str, int], int]
"""A month and a load to the number of the month's stored events of loads up to this one."""


class MonthCount(msgspec.Struct, frozen=True):
    """What a month must have.

    Attributes:
        events: the number of its events of loads up to `load`, lost ones included.
        load: its newest load.
        at: when this was written, epoch seconds.
        lost: how many of the events are gone.
        noticed: when that was seen, epoch seconds.
    """

    events: int
    load: int
    at: int
    lost: int = 0
    noticed: int = 0


class _Content(msgspec.Struct):
    months: dict[str, MonthCount] = {}


class StoredCounts:
    """The counts of one data directory. Only the loader's thread uses them.

    Attributes:
        changed: the months whose file is not the recorded one, until `check` is called with `settled`.
    """

    def __init__(self, data: Path) -> None:
        self._path = data / MONTHS_FILE
        self._months = self._written = self._read()
        self._all_due = True
        self._write_failed = False
        self.changed: frozenset[str] = frozenset()

    def _read(self) -> dict[str, MonthCount]:
        try:
            content: bytes | None = read_regular_file(self._path)
        except FileNotFoundError:
            content = None
        except OSError:
            content = b""
        known = [months for months in (_decode(content), _decode(read_copy(self._path))) if months is not None]
        if not known:
            if content is not None:
                _log.warning("store: %s can't be read: lost months are not noticed until it is written", self._path)
            return {}
        return {
            name: min((months[name] for months in known), key=lambda count: count.events)
            for name in known[0]
            if all(name in months for months in known)
        }

    @property
    def newest_load(self) -> int:
        """The newest load that any month must have; 0 for none."""
        return max((count.load for count in self._months.values()), default=0)

    def load_of(self, month: str) -> int:
        """The newest recorded load of a month; 0 for a month without a record."""
        count = self._months.get(month)
        return count.load if count else 0

    def lost(self) -> dict[str, MonthCount]:
        """The months that lost events."""
        return {name: count for name, count in sorted(self._months.items()) if count.lost}

    def check(self, present: PresentEvents, *, settled: bool = False) -> None:
        """Compare the months with what must be there, and note what is lost and what is back.

        `settled`: instances that were forgotten since are deleted from the `changed` months, so their numbers can be
        written down. Before that the next start must find these months again.
        """
        now, counts = int(time.time()), dict(self._months)
        for name, count in self._months.items():
            events = present(name, count.load)
            if events != count.events - count.lost:
                self.changed |= {name}
            lost = max(0, count.events - events)
            if lost != count.lost:
                counts[name] = replace(count, lost=lost, noticed=(count.noticed or now) if lost else 0)
            if lost < count.lost:
                _log.warning("store: %d of the %d lost events of %s are back", count.lost - lost, count.lost, name)
        self._months = counts
        if settled:
            self.changed, self._all_due = frozenset(), True
            self._try_write(counts)

    def due(self, loads: Mapping[str, int]) -> list[str]:
        """The months to count for `note`; `loads` has the newest load of each."""
        if self.changed:
            # Their numbers are not believed before the instances that were forgotten since are deleted from them.
            return []
        return [name for name, load in loads.items() if self._all_due or load > self.load_of(name)]

    def count_again(self) -> None:
        """Let the next `note` count every month: events were put back or deleted."""
        self._all_due = True

    def note(self, months: Mapping[str, tuple[int, int]]) -> None:
        """Record months as (events, newest load). They are checkpointed, and the segments of their loads deleted."""
        counts, now = dict(self._months), int(time.time())
        for name, (events, load) in months.items():
            old = counts.get(name) or MonthCount(0, 0, 0)
            new = replace(old, events=events + old.lost, load=max(load, old.load), at=now)
            if replace(new, at=old.at) != old:
                counts[name] = new
        self._all_due = not self._try_write(counts)

    def lower(self, events: Mapping[str, int]) -> None:
        """Expect at most this many present events of months that lose some next. Raises OSError."""
        lowered = {
            name: replace(count, events=min(count.events, events[name] + count.lost))
            for name, count in self._months.items()
            if name in events
        }
        self.count_again()
        self._write({**self._months, **lowered})

    def drop(self, months: Collection[str]) -> None:
        """Expect nothing of months that are removed next. Raises OSError."""
        self._write({name: count for name, count in self._months.items() if name not in months})

    def give_up(self) -> None:
        """Expect no lost events any more. Raises OSError."""
        self._write(
            {
                name: replace(count, events=count.events - count.lost, lost=0, noticed=0)
                for name, count in self._months.items()
            }
        )

    def _try_write(self, months: dict[str, MonthCount]) -> bool:
        """Whether it was written. Where it can't be, the record stays behind the store."""
        try:
            self._write(months)
        except OSError as error:
            if not self._write_failed:
                _log.warning(
                    "store: %s can't be written (%s): lost months may not be noticed", self._path, error.strerror
                )
            self._write_failed, self._months = True, months
        else:
            self._write_failed = False
        return not self._write_failed

    def _write(self, months: dict[str, MonthCount]) -> None:
        if months != self._written:
            replace_with_copy(self._path, with_checksum(msgspec.json.encode(_Content(months))))
        self._months = self._written = months


def _decode(content: bytes | None) -> dict[str, MonthCount] | None:
    """None for a missing or damaged file."""
    if not content or not has_checksum_of_content(content):
        return None
    try:
        return msgspec.json.decode(content, type=_Content).months
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
