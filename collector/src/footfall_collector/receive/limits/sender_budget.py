"""The budget of one sender's address: how many of its instances can become established in a week.

An instance's day counts for its standing if one of its senders has a place for it. A place is taken by an instance that
is not established yet, and is free again once the instance is established by its days from this sender, or after a
week. So one address that invents hundreds of instances establishes as many of them a week as it has places, and a
cluster that always comes from one address has its place like any other.

Everything is in memory: the salted names of peers, and the hashes that the store has anyway. Nothing that follows from
an address is written; an event whose day does not count carries one flag. After a restart all places are free: within a
week, an address can then establish as many again for every three days that began with a restart.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ...admit import DAY_OVER_BUDGET, EPHEMERAL, INSTANCE_KEY, Marks

_DAYS, _SPAN = 3, 7
"""As in the store: seen on three days, the last a week after the first."""
_DAY_SECONDS = 86_400
_MAX_PLACES = _MAX_ESTABLISHED = 200_000
"""Kept in memory at most, about 20 MB each."""
_MAX_MARKS = 50_000


@dataclass(slots=True)
class _Place:
    first: int
    last: int
    days: int


class SenderBudget:
    """Which days count. Thread-safe.

    Args:
        places: of one peer and product; 0 for no limit.
        clock: epoch seconds.
    """

    def __init__(self, places: int = 0, clock: Callable[[], float] = time.time) -> None:
        self._places, self._clock = places, clock
        self._by_sender: OrderedDict[tuple[str, str], dict[int, _Place]] = OrderedDict()
        self._occupied, self._lock = 0, threading.Lock()
        self._marks: dict[tuple[str, str], _OverBudgetMarks] = {}
        self._marked = self._marked_day = 0
        self._established: OrderedDict[int, None] = OrderedDict()

    def add_established(self, instances: Iterable[int]) -> None:
        """Instances that are established in the store need no place."""
        with self._lock:
            for instance in instances:
                self._add_established(instance)

    def marks_of(self, product: str, peer: str) -> Marks:
        """See `admit.Admission`. They stay the same until midnight, so that most requests are one look-up."""
        day = int(self._clock() // _DAY_SECONDS)
        marks = self._marks.get((product, peer))
        if marks is None or day != self._marked_day:
            marks = self._new_marks(product, peer, day)
        return marks

    def _new_marks(self, product: str, peer: str, day: int) -> "_OverBudgetMarks":
        with self._lock:
            if day != self._marked_day or len(self._marks) + self._marked >= _MAX_MARKS:
                self._marks, self._marked, self._marked_day = {}, 0, day
            marks = self._marks[product, peer] = _OverBudgetMarks(self, product, peer)
        return marks

    def note_mark(self) -> None:
        """Count a mark that is kept; all are dropped where there are too many."""
        with self._lock:
            self._marked += 1
            if self._marked >= _MAX_MARKS:
                self._marks, self._marked = {}, 0

    def _add_established(self, instance: int) -> None:
        self._established[instance] = None
        if len(self._established) > _MAX_ESTABLISHED:
            self._established.popitem(last=False)

    def counts_day(self, product: str, peer: str, instance: int) -> bool:
        """Whether today counts for an instance that a peer sends; it takes a place if there is one."""
        if not self._places:
            return True
        with self._lock:
            return instance in self._established or self._has_place(product, peer, instance)

    def _has_place(self, product: str, peer: str, instance: int) -> bool:
        day = int(self._clock() // _DAY_SECONDS)
        places = self._places_of(product, peer)
        place = places.get(instance)
        if place is None or day - place.first > _SPAN:
            return self._new_place(places, instance, day)
        if day > place.last:
            place.last, place.days = day, place.days + 1
        if place.days >= _DAYS and place.last - place.first >= _SPAN:
            del places[instance]
            self._occupied -= 1
            self._add_established(instance)
        return True

    def _places_of(self, product: str, peer: str) -> dict[int, _Place]:
        key = (product, peer)
        places = self._by_sender.get(key)
        if places is None:
            while self._by_sender and len(self._by_sender) + self._occupied >= _MAX_PLACES:
                _, dropped = self._by_sender.popitem(last=False)
                self._occupied -= len(dropped)
            places = self._by_sender[key] = {}
        return places

    def _new_place(self, places: dict[int, _Place], instance: int, day: int) -> bool:
        if len(places) >= self._places or instance in places:
            for other in [one for one, place in places.items() if day - place.first > _SPAN]:
                del places[other]
                self._occupied -= 1
        if len(places) >= self._places:
            return False
        places[instance] = _Place(day, day, 1)
        self._occupied += 1
        return True


class _OverBudgetMarks(Marks):
    """The marks of one day."""

    __slots__ = ("_budget", "_peer", "_product")

    def __init__(self, budget: SenderBudget, product: str, peer: str) -> None:
        super().__init__()
        self._budget, self._product, self._peer = budget, product, peer

    def add(self, distinct_id: str, instance: str) -> str:
        digest, kind = instance[INSTANCE_KEY][:16], instance[INSTANCE_KEY][-1]
        counts = kind == EPHEMERAL[0] or self._budget.counts_day(self._product, self._peer, int(digest, 16))
        mark = self[distinct_id] = "" if counts else DAY_OVER_BUDGET
        self._budget.note_mark()
        return mark
