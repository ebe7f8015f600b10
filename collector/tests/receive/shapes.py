"""Requests in the forms of the SDKs, for the tests of ingestion."""

import base64
import gzip
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

TOKEN = "phc_public_write_key"
SECRET_TEXT = "my-secret-namespace-kx7"
"""A text that may not appear in any log, journal or answer."""


def event(name: str = "tool_executed", **changes: Any) -> dict[str, Any]:
    """An admissible event with changes; a property given as None is left out."""
    properties: dict[str, Any] = {
        "tool": "recommend",
        "success": True,
        "duration_ms": 1200,
        "mcp_client": "claude-code",
        "dot_ai_version": "2.2.2",
        "ai_provider": "anthropic",
        "is_internal": False,
    }
    top: dict[str, Any] = {
        key: changes.pop(key) for key in ("uuid", "distinct_id", "timestamp", "offset") if key in changes
    }
    properties |= changes
    whole: dict[str, Any] = {
        "event": name,
        "uuid": str(uuid.uuid4()),
        "distinct_id": "cluster_f809cce5a77d3fbe",
        "timestamp": _time_of_an_event(),
        "properties": {key: value for key, value in properties.items() if value is not None},
        **top,
    }
    return {key: value for key, value in whole.items() if value is not None}


def _time_of_an_event() -> str:
    """A minute ago: a fixed time would leave the range of a chart one day, and then the age of an admitted event."""
    return (datetime.now(UTC) - timedelta(minutes=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def batch(*events: dict[str, Any], **more: Any) -> bytes:
    """A batch body as posthog-node sends it, not compressed."""
    return json.dumps({"api_key": TOKEN, "batch": list(events), **more}).encode()


def form_of(body: bytes, **more: str) -> bytes:
    """The body as an old browser SDK posts it: a form whose `data` is base64."""
    from urllib.parse import urlencode

    return urlencode({"data": base64.b64encode(body).decode(), **more}).encode()


def gzipped(body: bytes) -> bytes:
    """The body, compressed."""
    return gzip.compress(body)
