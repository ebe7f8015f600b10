"""A stand-in for a Kubernetes API, read-only, over real HTTP: lists, tables, single resources, logs, discovery.

The demo has no cluster to read, and the toolkit's tests should not need one.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from scripts.demo.shop import CLUSTER_UID, VERSION, Resource, Served, log_of, shop

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: shop
contexts: [{{name: shop, context: {{cluster: shop, user: nobody}}}}]
clusters: [{{name: shop, cluster: {{server: "{url}"}}}}]
users: [{{name: nobody, user: {{}}}}]
"""


class RefusalError(Exception):
    """Answered as a Kubernetes Status object."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"kind": "Status", "status": "Failure", "reason": reason, "message": message, "code": status}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone before its answer is no error of ours; everything else is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class StandIn:
    """The stand-in, listening on a free port of 127.0.0.1 from `start()` to `stop()`.

    Args:
        forbidden: plurals that may not be read, as if RBAC said so.
        version: what it says it runs, such as `v1.34.2`.
        uid: of its namespace kube-system.

    Attributes:
        requests: path and query of every request so far, in order.
    """

    def __init__(self, forbidden: tuple[str, ...] = (), version: str = VERSION, uid: str = CLUSTER_UID) -> None:
        self.forbidden = forbidden
        self.version = version
        self.requests: list[str] = []
        self._kinds = shop(uid)
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="stand-in", daemon=True)

    @property
    def url(self) -> str:
        """The API's address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def kubeconfig(self) -> str:
        """The text of a kubeconfig for it."""
        return KUBECONFIG.format(url=self.url)

    def start(self) -> "StandIn":
        """Begin to answer."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        standin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                """Answer one request."""
                standin.requests.append(self.path)
                status, body, kind = standin.answer(self.path, self.headers.get("Accept", ""))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's signature
                """Say nothing."""

        return Handler

    def answer(self, target: str, accept: str) -> tuple[int, bytes, str]:
        """Status, body and content type for a path with its query."""
        url = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        try:
            found = self._find(parts, query, "as=Table" in accept)
        except RefusalError as refusal:
            return refusal.status, json.dumps(refusal.body).encode(), "application/json"
        if isinstance(found, str):
            return 200, found.encode(), "text/plain"
        return 200, json.dumps(found).encode(), "application/json"

    def _find(self, parts: list[str], query: dict[str, str], table: bool) -> Resource | str:
        if parts == ["version"]:
            return {"gitVersion": self.version, "platform": "linux/amd64"}
        if parts == ["apis"]:
            return self._groups()
        api_version, rest = (parts[1], parts[2:]) if parts[0] == "api" else ("/".join(parts[1:3]), parts[3:])
        if not rest:
            return self._resources(api_version)
        namespace = None
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        served = self._served(api_version, rest[0])
        if len(rest) == 1:
            return _list(served, namespace, query, table)
        found = _one(served, namespace, rest[1])
        if rest[2:] == ["log"]:
            return "".join(log_of(rest[1]).splitlines(keepends=True)[-int(query.get("tailLines", "10")) :])
        return found

    def _served(self, api_version: str, plural: str) -> Served:
        for served in self._kinds:
            if (served.api_version, served.plural) == (api_version, plural):
                if plural in self.forbidden:
                    raise RefusalError(403, "Forbidden", f'{plural} is forbidden: User "nobody" cannot read them')
                return served
        raise RefusalError(404, "NotFound", "the server could not find the requested resource")

    def _groups(self) -> Resource:
        versions = dict.fromkeys(s.api_version for s in self._kinds if "/" in s.api_version)
        groups = [{"name": v.split("/")[0], "preferredVersion": {"groupVersion": v}} for v in versions]
        return {"kind": "APIGroupList", "groups": groups}

    def _resources(self, api_version: str) -> Resource:
        found = [
            {"name": s.plural, "kind": s.kind, "namespaced": s.namespaced, "shortNames": list(s.short)}
            for s in self._kinds
            if s.api_version == api_version
        ]
        if not found:
            raise RefusalError(404, "NotFound", "the server could not find the requested resource")
        return {"kind": "APIResourceList", "groupVersion": api_version, "resources": found}


def _one(served: Served, namespace: str | None, name: str) -> Resource:
    for item in served.items:
        metadata = item["metadata"]
        if metadata["name"] == name and metadata.get("namespace") == namespace:
            return {"kind": served.kind, "apiVersion": served.api_version, **item}
    raise RefusalError(404, "NotFound", f'{served.plural} "{name}" not found')


def _list(served: Served, namespace: str | None, query: dict[str, str], table: bool) -> Resource:
    labels = dict(pair.split("=", 1) for pair in query.get("labelSelector", "").split(",") if pair)
    fields = dict(pair.split("=", 1) for pair in query.get("fieldSelector", "").split(",") if pair)
    matching = [
        item
        for item in served.items
        if (not namespace or item["metadata"].get("namespace") == namespace)
        and labels.items() <= item["metadata"]["labels"].items()
        and all(_field(item, path) == value for path, value in fields.items())
    ]
    begin, limit = int(query.get("continue", "0")), int(query.get("limit", "500"))
    page, left = matching[begin : begin + limit], max(0, len(matching) - begin - limit)
    metadata = {"continue": str(begin + limit), "remainingItemCount": left} if left else {}
    if table:
        return {"kind": "Table", "metadata": metadata, **_table(served, page)}
    return {"kind": f"{served.kind}List", "metadata": metadata, "items": page}


def _field(item: Resource, path: str) -> Any:
    value: Any = item
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _table(served: Served, items: list[Resource]) -> Resource:
    columns = [{"name": name, "priority": 0} for name in served.columns] + [{"name": "Selector", "priority": 1}]
    rows = [{"cells": [_cell(i, n) for n in served.columns] + ["app"], "object": _partial(i)} for i in items]
    return {"columnDefinitions": columns, "rows": rows}


def _cell(item: Resource, column: str) -> str:
    cells = {"Name": item["metadata"]["name"], "Status": item["status"]["phase"], "Ready": "1/1", "Age": "22d"}
    return str(cells[column])


def _partial(item: Resource) -> Resource:
    return {"kind": "PartialObjectMetadata", "metadata": item["metadata"]}
