"""A page on loopback that uses posthog-js, as a product's web page does: from another origin than the collector's."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).parent
SCRIPT = HERE / "node" / "node_modules" / "posthog-js" / "dist" / "array.js"
_FILES = {
    "/": ("text/html; charset=utf-8", HERE / "programs" / "page.html"),
    "/array.js": ("text/javascript; charset=utf-8", SCRIPT),
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind, path = _FILES.get(self.path, ("text/plain", None))
        body = b"" if path is None else path.read_bytes()
        self.send_response(404 if path is None else 200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's signature
        pass


@contextmanager
def served_page() -> Iterator[str]:
    """The address of the page while it is served."""
    assert SCRIPT.exists(), "posthog-js is not installed: run `make node`"
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
