"""A web server under uvicorn. Telemetry starts with its lifespan, and each request records one event.

python web.py        on a free port; says `listening PORT`

`app` and `wsgi` are what several workers of uvicorn and gunicorn serve.
"""

import glob
import os
import socket
from pathlib import Path
from typing import Any

from recording_host import TOOLS, telemetry

from footfall.catalogue import ToolExecuted

host = telemetry()


async def app(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application that records an event for each request, and starts and stops telemetry with the server."""
    if scope["type"] == "lifespan":
        await receive()
        host.server_started()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print(f"lifespan ends, stopped on disk: {on_disk(b'server_stopped')}", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    host.server_started()
    host.rearm_signals()
    number = int(scope["path"].rpartition("/")[2])
    host.record(ToolExecuted(tool=TOOLS[number], success=True, duration_ms=1.0))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def wsgi(environ: Any, start_response: Any) -> list[bytes]:
    """The same for WSGI servers."""
    host.server_started()
    host.rearm_signals()
    number = int(environ["PATH_INFO"].rpartition("/")[2])
    host.record(ToolExecuted(tool=TOOLS[number], success=True, duration_ms=1.0))
    start_response("200 OK", [("Content-Length", "0")])
    return [b""]


def on_disk(word: bytes) -> bool:
    """Whether a word is in the spool."""
    spool = os.path.join(os.environ["TEST_HOST_TELEMETRY_STATE_DIR"], "spool", "*.seg")
    return any(word in Path(path).read_bytes() for path in glob.glob(spool))


def main() -> None:
    """Serve until a signal arrives."""
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    print(f"listening {listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config("web:app", log_level="critical")).run(sockets=[listener])


if __name__ == "__main__":
    main()
