"""Serves over HTTP. It binds the address first, so that a taken port is reported in a plain sentence."""

import errno
import socket
import sys
from typing import Any

import uvicorn
from mcp.server.mcpserver import MCPServer

PATHS = {"streamable-http": "/mcp", "sse": "/sse"}
GRACE_SECONDS = 3
"""The time for which open streams may delay the end of the process."""


class AddressError(Exception):
    """The address can't be listened on; the text says why and what to do."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        AddressError: the port is taken, privileged or invalid, or the host is not an address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise AddressError(f"can't listen on {host}:{port}: {_reason(error)}") from error
    return listener


def _reason(error: Exception) -> str:
    if isinstance(error, OverflowError):
        return "there is no such port; choose 0 to 65535 with --port"
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return "the port is taken; choose another with --port"
    return getattr(error, "strerror", None) or str(error)


def serve(server: MCPServer[Any], transport: str, listener: socket.socket) -> None:
    """Serve until a signal ends it; print the address on stderr."""
    host, port = listener.getsockname()[:2]
    app = server.sse_app(host=host) if transport == "sse" else server.streamable_http_app(host=host)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=GRACE_SECONDS)
    shown = f"[{host}]" if ":" in host else host
    listener.listen(config.backlog)
    print(f"dot-ai {server.version} listening on http://{shown}:{port}{PATHS[transport]}", file=sys.stderr, flush=True)
    uvicorn.Server(config).run(sockets=[listener])
