"""Values that equal every value of a kind, so that whole events can be compared although some values vary."""

import re
from datetime import UTC, datetime

_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class RandomUuid:
    """Equals a UUID of version 4, which holds neither time nor place."""

    __hash__ = None  # type: ignore[assignment] # what equals many values can't be looked up by one

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and _UUID4.fullmatch(other) is not None

    def __repr__(self) -> str:
        return "<UUID version 4>"


class Second:
    """Equals a UTC time written to the second that lies between two moments (epoch seconds, both included)."""

    __hash__ = None  # type: ignore[assignment] # as above

    def __init__(self, first: float, last: float) -> None:
        self.first, self.last = int(first), int(last)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, str) or not _SECOND.fullmatch(other):
            return False
        moment = datetime.strptime(other, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
        return self.first <= moment <= self.last

    def __repr__(self) -> str:
        return f"<second from {self.first} to {self.last}>"


class TwoDigits:
    """Equals a number in a range that is kept to two significant digits (hundredths below 1)."""

    __hash__ = None  # type: ignore[assignment] # as above

    def __init__(self, least: float, most: float) -> None:
        self.least, self.most = least, most

    def __eq__(self, other: object) -> bool:
        if isinstance(other, bool) or not isinstance(other, int | float):
            return False
        kept = round(other, 2) if other < 1 else float(f"{other:.2g}")
        return other == kept and self.least * 0.95 - 0.01 <= other <= self.most * 1.05 + 0.01

    def __repr__(self) -> str:
        return f"<two digits from {self.least} to {self.most}>"
