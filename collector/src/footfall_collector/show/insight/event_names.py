"""The names of events in sentences and on pages: no reader needs to know the words of the wire."""

from typing import Final

EVENT_NAMES: Final = {
    "tool_executed": "tool calls",
    "tool_error": "tool errors",
    "server_started": "server starts",
    "server_stopped": "server stops",
    "client_connected": "client connections",
}


def event_name(event: str) -> str:
    """Several events of that name in a sentence; an event of a product's own has the words of its name."""
    return EVENT_NAMES.get(event) or f"{event.replace('_', ' ')} events"
