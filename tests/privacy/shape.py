"""The other half of the proof: every byte on the wire has exactly the promised form, so that nothing can hide in it."""

import json
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from footfall import __version__
from tests.privacy.tee import Request
from tests.support.matching import RandomUuid, Second, TwoDigits

DICTIONARY = Draft202012Validator(
    json.loads((Path(__file__).resolve().parents[2] / "docs/dictionary.json").read_text("utf-8"))
)
CONSTANTS = {"$geoip_disable": True, "$process_person_profile": False, "$ip": "0.0.0.0"}
TOOLS = {"echo", "answer", "crash", "misuse", "grow", "by-hand", "other"}
CLASSES = {
    "Exception",
    "KeyError",
    "LookupError",
    "McpError",
    "MCPError",
    "NotFoundError",
    "RuntimeError",
    "TimeoutError",
    "ToolError",
    "TypeError",
    "ValidationError",
    "ValueError",
    "other",
}
"""Every class of an error that the sessions can end with and that exists."""
_GZIP = b"\x1f\x8b\x08\x00\x00\x00\x00\x00"
_HOUR = 3600.0


def wrongs(requests: Iterable[Request], key: str, ids: Collection[str]) -> list[str]:
    """What is not as promised, a sentence each. `ids` are the instance IDs that there are."""
    found: list[str] = []
    uuids: list[str] = []
    for request in requests:
        found += [f"wire: {wrong}" for wrong in _of_head(request)]
        if not request.body.startswith(_GZIP):
            found.append("wire: the gzip header names a time, a file or more")
        try:
            body = json.loads(request.text)
        except ValueError:
            found.append("wire: the body is not JSON")
            continue
        found += [f"wire: {wrong}" for wrong in _of_body(body, key)]
        for event in body.get("batch", []):
            found += [f"wire: {event.get('event')}: {wrong}" for wrong in _of_event(event, ids)]
            uuids.append(str(event.get("uuid")))
    if len(set(uuids)) != len(uuids):
        found.append("wire: a uuid comes twice")
    return found


def wrongs_in_spool(files: Mapping[str, bytes]) -> list[str]:
    """What in the spool's lines is more exact than it will be on the wire."""
    found = []
    for where, content in files.items():
        for line in content.splitlines() if where.endswith(".seg") else []:
            if line.startswith(b'{"e":'):
                properties = json.loads(line)["p"]
                for name in ("duration_ms", "uptime_seconds"):
                    if properties.get(name, 0) != TwoDigits(0, 86_400_000):
                        found.append(f"spool: {name} is {properties[name]}")
    return found


def _of_head(request: Request) -> list[str]:
    line, *rest = request.head.decode("latin-1").split("\r\n")
    headers = dict(header.split(": ", 1) for header in rest)
    wrong = [] if line == "POST /batch/ HTTP/1.1" else [f"request line {line!r}"]
    expected = {
        "Host": headers.get("Host", ""),
        "Content-Length": str(len(request.body)),
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
        "Accept-Encoding": "identity",
        "User-Agent": f"footfall/{__version__}",
    }
    return wrong if headers == expected else [*wrong, f"headers {headers}"]


def _of_body(body: dict[str, Any], key: str) -> list[str]:
    wrong = [] if body.keys() == {"api_key", "batch", "sent_at"} else [f"a body of {sorted(body)}"]
    if body.get("api_key") != key:
        wrong.append("another key than the product's")
    now = time.time()
    return wrong if body.get("sent_at") == Second(now - _HOUR, now + 1) else [*wrong, f"sent_at {body.get('sent_at')}"]


def _of_event(event: dict[str, Any], ids: Collection[str]) -> list[str]:
    properties = event.get("properties", {})
    own = {name: value for name, value in properties.items() if name not in CONSTANTS}
    now = time.time()
    checks: dict[str, Callable[[], bool]] = {
        "fields": lambda: event.keys() == {"event", "timestamp", "uuid", "properties", "distinct_id"},
        "uuid": lambda: event.get("uuid") == RandomUuid(),
        "timestamp": lambda: event.get("timestamp") == Second(now - _HOUR, now + 1),
        "distinct_id": lambda: event.get("distinct_id") in ids,
        "constants": lambda: all(properties.get(name) == value for name, value in CONSTANTS.items()),
        "dictionary": lambda: DICTIONARY.is_valid(event),
        "duration_ms": lambda: own.get("duration_ms", 0) == TwoDigits(0, 86_400_000),
        "uptime_seconds": lambda: own.get("uptime_seconds", 0) == TwoDigits(0, _HOUR),
        "tool": lambda: own.get("tool", "other") in TOOLS,
        "error_type": lambda: own.get("error_type", "other") in CLASSES,
    }
    return [f"{name} is not as promised: {event}" for name, holds in checks.items() if not holds()]
