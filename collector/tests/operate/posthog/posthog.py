"""A stand-in of PostHog's REST API for dashboards and insights, which refuses what the documented API refuses.

A real HTTP server that keeps its objects in memory. A list has pages of five for any requested limit; a stored query
has additional fields, as PostHog's has.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema

from client.tests.support.serving import QuietHandler, served

KEY = "phx_of_the_operator"
PAGE = 5
_NAME = {"type": "string", "minLength": 1, "maxLength": 400}
_PROPERTY = {
    "type": "object",
    "required": ["key", "value", "operator", "type"],
    "properties": {"operator": {"enum": ["exact", "is_not", "icontains"]}, "type": {"enum": ["event", "person"]}},
    "additionalProperties": {},
}
_SERIES = {
    "type": "object",
    "required": ["kind"],
    "properties": {
        "kind": {"const": "EventsNode"},
        "event": {"type": ["string", "null"]},
        "custom_name": {"type": "string"},
        "math": {"enum": ["total", "dau", "weekly_active", "monthly_active", "avg", "median", "p90", "p95", "p99"]},
        "math_property": {"type": "string"},
        "properties": {"type": "array", "items": _PROPERTY},
    },
    "additionalProperties": False,
}
_DATES = {"type": "object", "properties": {"date_from": {"type": "string", "pattern": "^-\\d+[dwmy]$"}}}
_TRENDS = {
    "type": "object",
    "required": ["kind", "series"],
    "properties": {
        "kind": {"const": "TrendsQuery"},
        "series": {"type": "array", "minItems": 1, "items": _SERIES},
        "interval": {"enum": ["hour", "day", "week", "month"]},
        "dateRange": _DATES,
        "properties": {"type": "array", "items": _PROPERTY},
        "trendsFilter": {
            "type": "object",
            "properties": {
                "display": {"enum": ["ActionsLineGraph", "ActionsBar", "ActionsBarValue", "ActionsTable"]},
                "showPercentStackView": {"type": "boolean"},
                "formula": {"type": "string", "pattern": "^[A-Z0-9 /*+().-]+$"},
                "aggregationAxisFormat": {"enum": ["numeric", "duration", "percentage", "percentage_scaled"]},
            },
            "additionalProperties": False,
        },
        "breakdownFilter": {
            "type": "object",
            "properties": {
                "breakdowns": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 3,
                    "items": {
                        "type": "object",
                        "required": ["property", "type"],
                        "properties": {
                            "property": {"type": "string"},
                            "type": {"enum": ["event", "person"]},
                            "histogram_bin_count": {"type": "integer", "minimum": 1},
                        },
                        "additionalProperties": False,
                    },
                }
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
_ENTITY = {
    "type": "object",
    "required": ["id", "type"],
    "properties": {"id": {"type": "string"}, "name": {"type": "string"}, "type": {"enum": ["events", "actions"]}},
}
_RETENTION = {
    "type": "object",
    "required": ["kind", "retentionFilter"],
    "properties": {
        "kind": {"const": "RetentionQuery"},
        "dateRange": _DATES,
        "properties": {"type": "array", "items": _PROPERTY},
        "retentionFilter": {
            "type": "object",
            "properties": {
                "period": {"enum": ["Hour", "Day", "Week", "Month"]},
                "retentionType": {"enum": ["retention_recurring", "retention_first_time"]},
                "totalIntervals": {"type": "integer", "minimum": 1},
                "targetEntity": _ENTITY,
                "returningEntity": _ENTITY,
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
_QUERY = {
    "type": "object",
    "required": ["kind", "source"],
    "properties": {"kind": {"const": "InsightVizNode"}, "source": {"oneOf": [_TRENDS, _RETENTION]}},
}
SHAPES = {
    "dashboards": {
        "type": "object",
        "required": ["name"],
        "properties": {"name": _NAME, "description": {"type": "string"}, "pinned": {"type": "boolean"}},
        "additionalProperties": False,
    },
    "insights": {
        "type": "object",
        "required": ["name", "query"],
        "properties": {
            "name": _NAME,
            "description": {"type": "string"},
            "query": _QUERY,
            "saved": {"type": "boolean"},
            "dashboards": {"type": "array", "items": {"type": "integer"}},
        },
        "additionalProperties": False,
    },
}


class PostHog:
    """Its requests and stored objects. With `scopes` False it refuses writes; `anonymize` is a project setting."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.kept: dict[str, list[dict[str, Any]]] = {"dashboards": [], "insights": []}
        self.scopes = True
        self.anonymize = True
        self.address = ""

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [one for one in self.asked if one[0] != "GET"]

    def answer(self, method: str, address: str, key: str, body: bytes) -> tuple[int, Any]:
        """Status and JSON of one request."""
        self.asked.append((method, address))
        parts = urlsplit(address)
        if key != f"Bearer {KEY}":
            return 401, {"type": "authentication_error", "code": "authentication_failed"}
        if parts.path == "/api/projects/@current/":
            return 200, {"id": 7, "name": "ours", "anonymize_ips": self.anonymize}
        found = re.fullmatch(r"/api/projects/7/(dashboards|insights)/(?:(\d+)/)?", parts.path)
        if found is None:
            return 404, {"type": "invalid_request"}
        kind, number = found.groups()
        if method == "GET":
            return 200, self._page(kind, int(parse_qs(parts.query).get("offset", ["0"])[0]))
        if not self.scopes:
            return 403, {"type": "authentication_error", "code": "permission_denied"}
        return self._written(method, kind, number, json.loads(body))

    def _page(self, kind: str, offset: int) -> dict[str, Any]:
        kept = self.kept[kind]
        more = offset + PAGE < len(kept)
        # PostHog uses its internal name behind the proxy.
        following = f"http://posthog.internal:8000/api/projects/7/{kind}/?limit={PAGE}&offset={offset + PAGE}"
        page = kept[offset : offset + PAGE]
        return {"count": len(kept), "next": following if more else None, "previous": None, "results": page}

    def _written(self, method: str, kind: str, number: str | None, body: Any) -> tuple[int, Any]:
        shape = SHAPES[kind] if method == "POST" else {**SHAPES[kind], "required": []}
        try:
            jsonschema.validate(body, shape)
        except jsonschema.ValidationError as error:
            return 400, {"type": "validation_error", "detail": error.message}
        if method == "POST" and number is None:
            made = {"id": len(self.kept[kind]) + 1, "deleted": False, **body}
            self.kept[kind].append(made)
        elif method == "PATCH" and number is not None:
            made = next(one for one in self.kept[kind] if one["id"] == int(number))
            made.update(body)
        else:
            return 405, {"type": "invalid_request"}
        if "query" in body:
            made["query"] = {**body["query"], "version": 2, "source": {**body["query"]["source"], "version": 2}}
        return (201 if method == "POST" else 200), made


@contextmanager
def a_posthog() -> Iterator[PostHog]:
    """A PostHog on a free port of loopback while the block runs."""
    posthog = PostHog()

    class Handler(QuietHandler):
        def do(self) -> None:
            key = self.headers.get("Authorization", "")
            status, found = posthog.answer(self.command, self.path, key, self.body())
            self.answer(status, json.dumps(found).encode())

        do_GET = do_POST = do_PATCH = do

    with served(Handler) as posthog.address:
        yield posthog
