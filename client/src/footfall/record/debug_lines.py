"""`DEBUG_DOT_AI=true`: prints every recorded event as a line on stderr; the event is recorded and sent as usual.

The line has the format of dot-ai's TypeScript client, with the event as JSON. It goes to stderr because a stdio server
uses stdout for the protocol. Imported only if the variable is set.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any

import msgspec


def printing(append: Callable[[bytes], object], common: Mapping[str, Any]) -> Callable[[bytes], None]:
    """Wraps `append`: the returned function appends a spool line, then prints its event.

    Args:
        append: appends a line to the spool.
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
            return  # stderr is closed or missing; the event is already recorded

    return print_and_append
