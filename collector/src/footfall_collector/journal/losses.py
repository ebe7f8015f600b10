"""What the journal lost: segments that are gone or have fewer intact lines than were acknowledged.

The loader calls it. A loss stays known, and its alarm raised, until the segment is put back or the operator gives the
events up.
"""

import logging
import shlex
import time
from collections.abc import Callable, Collection
from pathlib import Path

from ..runtime import Status, printable, quantity
from .segment_checksums import SegmentChecksums
from .segment_counts import SegmentCount, SegmentCounts
from .segments import CLOSED, LIVE, segment_path

_log = logging.getLogger(__name__)

StoredEvents = Callable[[str], tuple[Collection[str], int | None] | None]
"""See `Store.loaded_with`."""


class JournalLosses:
    """The losses of one journal directory.

    Args:
        counts, checksums: of the journal's writer; without them the files are read, and no segment's lines are known.
    """

    def __init__(
        self,
        directory: Path,
        status: Status,
        counts: SegmentCounts | None = None,
        checksums: SegmentChecksums | None = None,
    ) -> None:
        self._directory, self._status = directory, status
        self._counts = counts or SegmentCounts(directory)
        self._checksums = checksums or SegmentChecksums()

    def note_loaded(self, stored: StoredEvents) -> None:
        """Note which of the segments that were just read have fewer intact lines than were acknowledged."""
        read, self._checksums.read = self._checksums.read, {}
        if not read:
            return
        known, changed = self._counts.closed(), False
        for name, lines in read.items():
            number = int(Path(name).stem)
            count = known.get(number) or SegmentCount(number, 0 if lines is None else lines.intact + lines.damaged)
            lost = 0 if lines is None else max(0, count.lines - lines.intact)
            if lost and not count.lost:
                lost = self._not_stored(count, lost, stored, known)
            if lost and lost != count.lost:
                self._note(count, lost)
                changed = True
            elif count.lost and not lost:
                self._counts.replace(count._replace(lost=0))
                _log.warning("journal: segment %d is back", number)
                changed = True
        if changed:
            self.report()

    def note_missing(self, loaded: Collection[str], stored: StoredEvents) -> None:
        """Note the segments that are gone; `loaded` are names of those that the loader has loaded and not deleted."""
        known, changed = self._counts.closed(), False
        for number, count in known.items():
            # In this order: the live segment is renamed to the closed one.
            paths = (segment_path(self._directory, number, LIVE), segment_path(self._directory, number, CLOSED))
            if count.lost or paths[1].name in loaded or any(path.is_file() for path in paths):
                continue
            if lost := self._not_stored(count, count.lines, stored, known):
                self._note(count, lost)
                changed = True
            else:
                self._counts.remove({number})
        if changed:
            self.report()

    def _not_stored(self, count: SegmentCount, lost: int, stored: StoredEvents, known: dict[int, SegmentCount]) -> int:
        """How many of `lost` lines the store does not have either: the segment may be damaged after a load."""
        load = stored(segment_path(self._directory, count.sequence, CLOSED).name)
        if load is None:
            return lost
        names, events = load
        if events is None:
            return 0
        lines = sum(known[number].lines for number in {int(Path(name).stem) for name in names} & known.keys())
        return min(lost, max(0, lines - events))

    def _note(self, count: SegmentCount, lost: int) -> None:
        noted = count._replace(lost=lost, noticed=int(time.time()))
        self._counts.replace(noted)
        _log.error("%s", self._sentence(noted))

    def finish(self, names: Collection[str]) -> None:
        """The store has what these segments still have, and they are deleted next; losses stay known."""
        lost = {number for number, count in self._counts.closed().items() if count.lost}
        self._counts.remove({int(Path(name).stem) for name in names} - lost)

    def give_up(self) -> int:
        """Forget the losses: an operator has read of them. Returns the number of events."""
        lost = self._lost()
        self._counts.remove({count.sequence for count in lost})
        self.report()
        return sum(count.lost for count in lost)

    def events(self) -> int:
        """The number of acknowledged events that are lost."""
        return sum(count.lost for count in self._lost())

    def sentences(self) -> list[str]:
        """A sentence for each segment that lost events, without its full stop."""
        return [self._sentence(count) for count in self._lost()]

    def report(self) -> None:
        """Raise or end the alarm, and show the losses on the data-health page."""
        self._status.set_lost("journal", self.events())
        self._status.set_damage("journal", self.sentences())

    def _lost(self) -> list[SegmentCount]:
        return [count for _, count in sorted(self._counts.closed().items()) if count.lost]

    def _sentence(self, count: SegmentCount) -> str:
        name = segment_path(self._directory, count.sequence, CLOSED).name
        data = shlex.quote(str(self._directory.parent))
        if count.lost < count.lines:
            loss = f"journal segment {count.sequence} lost {count.lost} of its {quantity(count.lines, 'event')}"
        else:
            loss = f"journal segment {count.sequence} with {quantity(count.lines, 'event')} is missing"
        noticed = time.strftime("%Y-%m-%d %H:%M", time.gmtime(count.noticed))
        return printable(
            f"{loss} (noticed {noticed} UTC): nothing else has these events. Put {name} back into {self._directory} if "
            f"you have it, or give them up: footfall-collector rebuild --data {data} --without-damaged"
        )
