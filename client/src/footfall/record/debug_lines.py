"""`DEBUG_DOT_AI=true`: every recorded event as a line on stderr, and then on its usual path.

The line is the one that the TypeScript client of dot-ai prints, with the event as JSON. stdout belongs to the protocol
of a stdio server. Imported only where the variable is set.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any

import msgspec


def printing(append: Callable[[bytes], object], common: Mapping[str, Any]) -> Callable[[bytes], None]:
    """A function that prints the event of a spool line, and passes the line on to `append`.

    Args:
        append: takes the line.
        common: the properties that every event carries, by wire name.
    """

    def print_and_append(line: bytes) -> None:
        append(line)
        try:
            event = msgspec.json.decode(line)
            shown = {"event": event["e"], "properties": {**event["p"], **common}}
            sys.stderr.write(f"[Telemetry] Event captured: {msgspec.json.encode(shown).decode()}\n")
            sys.stderr.flush()
        except (OSError, ValueError, AttributeError):
            return  # stderr is closed, or there is none: the event is recorded

    return print_and_append
