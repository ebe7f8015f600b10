"""The file of saved segments and views, DATA/segments.json: small, bounded, replaced as a whole under a lock."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Annotated

import msgspec

from ...runtime import SharedFile, read_copy, utc_stamp
from ..filters import FilterError
from ..questions import MAX_CONDITIONS

SEGMENTS_FILE = "segments.json"
MAX_SEGMENTS = 200
MAX_CONDITION_CHARACTERS = 4000
MAX_PARAMETERS, MAX_PARAMETER_LENGTH = 12, 200
_UNPRINTABLE = r"\x00-\x1f\x7f-\x9f\u2028\u2029"

SegmentName = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9](?:[A-Za-z0-9 _.-]{0,62}[A-Za-z0-9_.-])?\Z")]
"""1 to 64 letters, digits, spaces, `_`, `.` and `-`."""
ConditionText = Annotated[
    str, msgspec.Meta(min_length=1, max_length=MAX_CONDITION_CHARACTERS, pattern=rf"\A[^{_UNPRINTABLE}]+\Z")
]
ParameterName = Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z_]{0,31}\Z")]
ParameterValue = Annotated[str, msgspec.Meta(max_length=MAX_PARAMETER_LENGTH, pattern=rf"\A[^{_UNPRINTABLE}]*\Z")]

_log = logging.getLogger(__name__)


class SavedSegmentsError(Exception):
    """A segment can't be saved, or the file can't be used; the message says what to do."""


class UnknownSegmentError(SavedSegmentsError):
    """There is no segment of this name; the message says which there are."""


class SegmentExistsError(SavedSegmentsError):
    """Another segment has this name."""


class SavedSegment(msgspec.Struct, frozen=True):
    """A segment with a name, or a whole view of a page.

    Attributes:
        product: whose events it is about.
        name: unique among those of the product.
        where: its conditions, all of which hold, in the form of a query string; none select everything.
        page: the page of a saved view; empty for a segment alone.
        view: the other parameters of a saved view's address, such as `range`.
        saved: RFC 3339, UTC.
    """

    product: Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z0-9-]{0,127}\Z")]
    name: SegmentName
    where: Annotated[list[ConditionText], msgspec.Meta(max_length=MAX_CONDITIONS)]
    page: Annotated[str, msgspec.Meta(pattern=r"\A[a-z]{0,32}\Z")] = ""
    view: Annotated[dict[ParameterName, ParameterValue], msgspec.Meta(max_length=MAX_PARAMETERS)] = {}
    saved: Annotated[str, msgspec.Meta(pattern=r"\A[0-9T:-]{0,20}Z?\Z")] = ""


class SegmentsFile(msgspec.Struct):
    """The content of the file."""

    version: int = 1
    segments: Annotated[list[SavedSegment], msgspec.Meta(max_length=MAX_SEGMENTS)] = []


class SavedSegments:
    """The saved segments of a data directory. Safe to use from many threads.

    The running collector looks for a change of the file at most once a second. A file that is damaged or missing is
    written again from its copy; where that is damaged too, every use of a name says so, and nothing is overwritten.

    Args:
        clock: monotonic seconds.
        now: epoch seconds.
    """

    def __init__(
        self, data: Path, clock: Callable[[], float] = time.monotonic, now: Callable[[], float] = time.time
    ) -> None:
        self._path, self._now = data / SEGMENTS_FILE, now
        self._file = SharedFile(self._path, SegmentsFile, SavedSegmentsError, clock)
        self._lock = threading.Lock()
        self._segments: list[SavedSegment] = []
        self._problem = ""
        with self._lock:
            self._refresh()

    def all(self, product: str | None = None) -> list[SavedSegment]:
        """Those of a product or of all, by product and name. Raises SavedSegmentsError where the file is unusable."""
        with self._lock:
            if self._file.check_due():
                self._refresh()
            self._check_usable()
            segments = self._segments
        return sorted(
            (each for each in segments if product in (None, each.product)), key=lambda each: (each.product, each.name)
        )

    def conditions(self, product: str, name: str) -> tuple[str, ...]:
        """What a name stands for. Raises FilterError, which says the names that there are."""
        try:
            segments = self.all(product)
            return tuple(segments[_index_of(segments, product, name)].where)
        except SavedSegmentsError as error:
            raise FilterError(str(error)) from error

    def names(self, product: str) -> list[str]:
        """The names of a product's segments. Raises FilterError where the file is unusable."""
        try:
            return [segment.name for segment in self.all(product)]
        except SavedSegmentsError as error:
            raise FilterError(str(error)) from None

    def save(self, segment: SavedSegment, *, replace: bool = False) -> SavedSegment:
        """Save a segment, and return it as it was saved. Raises SavedSegmentsError, OSError."""
        stamp = utc_stamp(self._now())
        segment = checked(msgspec.structs.replace(segment, saved=stamp))
        with self._changing() as segments:
            others = [each for each in segments if (each.product, each.name) != (segment.product, segment.name)]
            if len(others) < len(segments) and not replace:
                raise SegmentExistsError(
                    f"{segment.product} has a saved segment of this name: replace it, or choose another name."
                )
            if len(others) >= MAX_SEGMENTS:
                raise SavedSegmentsError(f"There are {MAX_SEGMENTS} saved segments; delete one that nobody needs.")
            segments[:] = [*others, segment]
        return segment

    def rename(self, product: str, name: str, new: str) -> SavedSegment:
        """Give a segment another name. Raises SavedSegmentsError, OSError."""
        with self._changing() as segments:
            index = _index_of(segments, product, name)
            renamed = checked(msgspec.structs.replace(segments[index], name=new))
            if any((each.product, each.name) == (product, new) for each in segments):
                raise SegmentExistsError(f"{product} has a saved segment of the new name: choose another.")
            segments[index] = renamed
        return renamed

    def delete(self, product: str, name: str) -> None:
        """Raises SavedSegmentsError, OSError."""
        with self._changing() as segments:
            del segments[_index_of(segments, product, name)]

    @contextmanager
    def _changing(self) -> Iterator[list[SavedSegment]]:
        """The present segments, to be changed in place, while no other thread or process can change them."""
        with self._lock, self._file.locked():
            self._refresh(locked=True)
            self._check_usable()
            segments = list(self._segments)
            yield segments
            self._file.replace(SegmentsFile(segments=segments))
            self._segments = segments

    def _check_usable(self) -> None:
        if self._problem:
            raise SavedSegmentsError(f"DATA/{SEGMENTS_FILE} can't be read; the collector's log says what to do.")

    def _refresh(self, *, locked: bool = False) -> None:
        try:
            self._file.refresh()
            self._segments, self._problem = self._file.content.segments, ""
        except SavedSegmentsError as error:
            self._use_copy(str(error), locked)

    def _use_copy(self, problem: str, locked: bool) -> None:
        """Go on with the second copy and write the file again; without one, remember what is wrong."""
        try:
            content = msgspec.json.decode(read_copy(self._path) or b"", type=SegmentsFile)
        except (msgspec.DecodeError, ValueError):
            if problem != self._problem:
                _log.error("segments: %s", problem)
            self._problem = problem
            return
        if content.segments != self._segments or self._problem:
            _log.warning("segments: %s is damaged, changed by hand or missing; its copy counts", self._path)
        self._segments, self._problem = content.segments, ""
        with suppress(OSError), nullcontext() if locked else self._file.locked():
            self._file.replace(content)


def checked(segment: SavedSegment) -> SavedSegment:
    """The segment, if it is within the limits. Raises SavedSegmentsError with what is wrong."""
    if sum(map(len, segment.where)) > MAX_CONDITION_CHARACTERS:
        raise SavedSegmentsError(f"The conditions have more than {MAX_CONDITION_CHARACTERS} characters in all.")
    try:
        return msgspec.convert(msgspec.to_builtins(segment), SavedSegment)
    except msgspec.ValidationError as error:
        raise SavedSegmentsError(_problem_of(str(error))) from None


def _problem_of(error: str) -> str:
    """What a user reads of a validation error: the part that is wrong, and what it may be."""
    if "$.name" in error:
        return "A segment's name is 1 to 64 letters, digits, spaces, `_`, `.` and `-`, such as Cursor on Kubernetes."
    if "$.where" in error:
        return f"A segment has at most {MAX_CONDITIONS} conditions, without control characters."
    return f"A view has a page of the dashboard and at most {MAX_PARAMETERS} parameters of its address."


def _index_of(segments: list[SavedSegment], product: str, name: str) -> int:
    for index, each in enumerate(segments):
        if (each.product, each.name) == (product, name):
            return index
    names = sorted(each.name for each in segments if each.product == product)
    known = f"{product} has {', '.join(names)}" if names else f"none of {product} is saved yet"
    raise UnknownSegmentError(f"There is no saved segment of this name; {known}.")
