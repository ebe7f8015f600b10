"""The two kinds of control lines in a segment: its header, and the names that were registered when it was written.

The header is JSON padded with spaces to HEADER_BYTES: `{"v":2,"offset":N,"facts":{…},"boot":"…","zero":seconds}`.
`offset` is where the first unacknowledged event begins; `facts` are the properties that all events of the file share;
`boot` and `zero` are `boot_id` and `boot_time` of the writer's clock (`footfall.runtime.clock`). The header is
rewritten in place. In a crash the old one may survive: then events are sent again under the same uuids.

A line of names, `{"names":["recommend",…]}`, stands before the first event that may use them, or right behind it where
a signal handler recorded that event. A process that adopts the segment reads all names first, so it checks the events
as fully as the process that recorded them. Version 1 has no such lines.
"""

import os
from collections.abc import Iterable
from typing import Any

import msgspec

HEADER_BYTES = 1024
FORMAT_VERSION = 2
NAMES_START = b'{"names":'
"""The beginning of every line of names, and of no event."""
_NAMES_IN_A_LINE = 50
_MAX_NAME = 200


class Header(msgspec.Struct):
    """The content of a header. `version` 0 stands for one that can't be read: then every line is examined."""

    version: int = 0
    offset: int = 0
    facts: dict[str, Any] = msgspec.field(default_factory=dict)
    boot_id: str = ""
    boot_time: float = 0.0

    @classmethod
    def read(cls, descriptor: int) -> "Header":
        """The header of an open file."""
        try:
            header = msgspec.json.decode(os.pread(descriptor, HEADER_BYTES, 0))
            version, offset, facts = header["v"], header["offset"], header["facts"]
            boot_id, boot_time = header.get("boot", ""), header.get("zero", 0.0)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, AttributeError):
            return cls()
        if type(version) is int and version > FORMAT_VERSION:
            return cls(version)
        valid = type(version) is int and type(offset) is int and offset >= HEADER_BYTES and type(facts) is dict
        valid = valid and type(boot_id) is str and isinstance(boot_time, (int, float))
        return cls(version, offset, facts, boot_id, float(boot_time)) if valid else cls()

    def encode(self) -> bytes:
        """HEADER_BYTES bytes that end with a newline."""
        content = {
            "v": self.version,
            "offset": self.offset,
            "facts": self.facts,
            "boot": self.boot_id,
            "zero": self.boot_time,
        }
        return msgspec.json.encode(content).ljust(HEADER_BYTES - 1)[: HEADER_BYTES - 1] + b"\n"


def encode_names(names: Iterable[str]) -> bytes:
    """Lines of names, newlines included. Names that no catalogue admits are left out."""
    # A name that isn't ASCII is reported as `other`, and one with half a surrogate pair has no JSON.
    admissible = sorted(name for name in names if name.isascii() and len(name) <= _MAX_NAME)
    parts = (admissible[i : i + _NAMES_IN_A_LINE] for i in range(0, len(admissible), _NAMES_IN_A_LINE))
    return b"".join(NAMES_START + msgspec.json.encode(part) + b"}\n" for part in parts)


def decode_names(line: bytes) -> list[str]:
    """The names of a line that begins with NAMES_START; none where it is damaged."""
    try:
        names = msgspec.json.decode(line)["names"]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
        return []
    return [name for name in names if type(name) is str] if type(names) is list else []
