"""A page on loopback that uses posthog-js, as a product's web page does: from another origin than the collector's."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).parent
MODULES = HERE / "node" / "node_modules"


def script_of(release: str) -> Path:
    """The script of a release, by the name under which it is installed."""
    return MODULES / release / "dist" / "array.js"


def version_of(release: str) -> str:
    """The version of a release."""
    version: str = json.loads((MODULES / release / "package.json").read_text("utf-8"))["version"]
    return version


class _Handler(BaseHTTPRequestHandler):
    script: Path

    def do_GET(self) -> None:
        files = {
            "/": ("text/html; charset=utf-8", HERE / "programs" / "page.html"),
            "/array.js": ("text/javascript; charset=utf-8", self.script),
        }
        kind, path = files.get(self.path, ("text/plain", None))
        body = b"" if path is None else path.read_bytes()
        self.send_response(404 if path is None else 200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's signature
        pass


@contextmanager
def served_page(release: str = "posthog-js") -> Iterator[str]:
    """The address of the page while it is served, with this release of posthog-js."""
    script = script_of(release)
    assert script.exists(), f"{release} is not installed: run `make node`"
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"script": script}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
