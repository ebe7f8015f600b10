"""The catalogue as a JSON Schema (2020-12): every event in the form in which it leaves the process."""

from typing import Any

from .events import QUESTIONS, WIRE_CONSTANTS
from .schema import Catalogue, EventType, Property


def to_json_schema(catalogue: Catalogue) -> dict[str, Any]:
    """A schema that an event matches if it is one of `$defs`. Properties that are not named are not allowed."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Events of {catalogue.product}",
        "description": "One event as it is sent. What is not named here is not sent.",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in catalogue.events],
        "$defs": {name: _event(event, catalogue) for name, event in catalogue.events.items()},
    }


def _event(event: EventType, catalogue: Catalogue) -> dict[str, Any]:
    sent = {n: p for n, p in {**event.properties, **catalogue.common}.items() if p.retired is None}
    required = [name for name, p in sent.items() if p.required]
    return {
        "type": "object",
        "description": event.meaning,
        "properties": {
            "event": {"const": event.name},
            "uuid": {
                "type": "string",
                "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
                "description": "Random (version 4), so that an event that is sent twice counts once. It holds no time",
            },
            "distinct_id": {
                "type": "string",
                "pattern": "^(cluster|local|ephemeral)_[0-9a-f]{16}$",
                "description": "The pseudonymous instance ID",
            },
            "timestamp": {
                "type": "string",
                "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
                "description": "When it happened, in UTC, cut to the second",
            },
            "properties": {
                "type": "object",
                "properties": {
                    **{name: _property(p) for name, p in sent.items()},
                    **{name: {"const": value} for name, value in WIRE_CONSTANTS.items()},
                },
                "required": [*required, *WIRE_CONSTANTS],
                "additionalProperties": False,
            },
        },
        "required": ["event", "uuid", "distinct_id", "timestamp", "properties"],
        "additionalProperties": False,
    }


def _property(property_: Property) -> dict[str, Any]:
    return {
        **property_.kind.schema(),
        "description": property_.meaning,
        "x-purpose": property_.purpose,
        # An event of a product may have another question than the four.
        "x-question": QUESTIONS.get(property_.question, property_.question),
        "x-since": property_.since,
    }
