"""A foreign sender: requests of every kind a collector may receive, full of secrets, from secret addresses."""

import contextlib
import gzip
import http.client
import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from footfall.catalogue import catalogue_for
from tests.privacy.planted import Plan

KEY = "phc_product"
CATALOGUE = catalogue_for("dot-ai")
JSON = {"Content-Type": "application/json"}
_IDENTIFIER = re.compile(r"[A-Za-z_]\w{0,63}", re.ASCII)
_MEGABYTE = 1_000_000


class Sender:
    """Sends to a collector and keeps what it answers."""

    def __init__(self, port: int, plan: Plan) -> None:
        self.answers: list[bytes] = []
        self._port = port
        self._plan = plan
        self._sources = plan.texts("senders")

    def send_all(self) -> None:
        """Send everything, in requests of every kind."""
        plan = self._plan
        self._post({"api_key": KEY, "batch": list(_events(plan)), "sent_at": plan.one("stamps")})
        for text in plan.texts("write keys"):
            self._post({"api_key": text, "batch": [_event("tool_error", tool="echo", error_type="KeyError")]})
        for body, headers in _bad_bodies(plan):
            self._request("POST", "/batch/", body, headers)
        for path in _paths(plan):
            self._request("GET", path, b"", {})
            self._request("POST", path, b"{}", JSON)
        for headers in _headers(plan):
            good = json.dumps({"api_key": KEY, "batch": [_event("server_stopped", uptime_seconds=5)]}).encode()
            self._request("POST", "/batch/", good, JSON | headers)

    def get(self, path: str) -> bytes:
        """The answer to a question."""
        return self._request("GET", path, b"", {})

    def _post(self, body: Any) -> None:
        self._request("POST", "/batch/", json.dumps(body).encode(), JSON)

    def _request(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        source = self._sources[len(self.answers) % len(self._sources)]
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30, source_address=(source, 0))
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            # CORS mirrors the origin, to the one who named it.
            said_in = [header for header in response.getheaders() if header[0] != "access-control-allow-origin"]
            said = f"{response.status} {said_in}\n".encode() + response.read()
        self.answers.append(said)
        return said


def _event(name: str, **properties: Any) -> dict[str, Any]:
    return {
        "event": name,
        "uuid": str(uuid.uuid4()),
        "distinct_id": "local_0123456789abcdef",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "properties": properties,
    }


def _good(name: str) -> dict[str, Any]:
    """What an event has to have, with values that are admitted."""
    good: dict[str, Any] = {"tool": "echo", "success": True, "duration_ms": 5, "error_type": "KeyError"}
    good["uptime_seconds"] = 7
    return {key: good[key] for key, property_ in CATALOGUE.events[name].properties.items() if property_.required}


def _events(plan: Plan) -> Iterator[dict[str, Any]]:
    for name, event in CATALOGUE.events.items():
        names = [*event.properties, *CATALOGUE.common]
        for text in plan.texts("property values"):
            # An identifier is what an error's class is: nobody at this end can tell whether the class exists.
            said = {key: text for key in names if key != "error_type" or not _IDENTIFIER.fullmatch(text)}
            yield _event(name, **said)
            yield _event(name, **(said | _good(name)))
            yield _event(name, **_good(name), nested={"deep": [text]}, **{"$set": {"email": text}, "$ip": text})
        for text in plan.texts("property names"):
            yield _event(name, **_good(name), **{text: 1, f"${text}": text})
    for text in plan.texts("event names"):
        yield _event(text, tool="echo")
    for text in plan.texts("instance IDs"):
        yield _event("server_stopped", uptime_seconds=5) | {"distinct_id": text}
        yield _event("server_stopped", uptime_seconds=5) | {"distinct_id": f"{text}_1", "person": {"name": text}}
    for text in plan.texts("stamps"):
        yield _event("server_stopped", uptime_seconds=5) | {"timestamp": text, "offset": text}
        if not _is_uuid(text):
            yield _event("server_stopped", uptime_seconds=5) | {"uuid": text}


def _is_uuid(text: str) -> bool:
    """Whether a text would be stored as the event's ID, which nobody can tell from a random one."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _bad_bodies(plan: Plan) -> Iterator[tuple[bytes, dict[str, str]]]:
    for text in plan.texts("bad bodies"):
        raw = text.encode("utf-8", "surrogatepass")
        yield raw, JSON
        yield b'{"api_key": "%s", "batch": [{"event": "' % KEY.encode() + raw, JSON
        yield json.dumps({"api_key": KEY, "batch": [text, [text], {"event": [text]}]}).encode(), JSON
        yield gzip.compress(raw), JSON
        yield gzip.compress(raw)[:-9], JSON | {"Content-Encoding": "gzip"}
        yield raw, JSON | {"Content-Encoding": "br"}
        yield raw, JSON | {"Content-Encoding": quote(text, safe="")}
        yield b"data=" + quote(raw).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    large = _event("tool_error", tool="echo", error_type="KeyError", more=plan.one("bad bodies") * _MEGABYTE)
    yield json.dumps({"api_key": KEY, "batch": [large]}).encode()[: 3 * _MEGABYTE], JSON


def _paths(plan: Plan) -> Iterator[str]:
    for text in plan.texts("request lines"):
        quoted = quote(text, safe="")
        yield f"/{quoted}"
        yield f"/batch/?token={quoted}&ip={quoted}&sent_at={quoted}"
        yield f"/e/?data={quoted}&compression={quoted}"
        yield f"/flags/?v=2&who={quoted}"
        yield f"/api/charts/{quoted}?version={quoted}"


def _headers(plan: Plan) -> Iterator[dict[str, str]]:
    for text in plan.texts("request headers"):
        yield {"User-Agent": text, "Cookie": f"who={text}", "Authorization": f"Bearer {text}", "Referer": text}
        yield {"X-Forwarded-For": text, "Forwarded": f"for={text}", "X-Real-IP": text, "Origin": f"https://{text}"}
        yield {"Host": quote(text, safe="")}
