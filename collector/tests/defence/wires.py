"""Raw connections from chosen loopback addresses, for bytes that no HTTP library would send."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.collector_process import CollectorProcess

HEAD = b"POST /batch/ HTTP/1.1\r\nHost: localhost\r\n"


@contextmanager
def wire(collector: CollectorProcess, source: str = "127.0.0.1", seconds: float = 20.0) -> Iterator[socket.socket]:
    """A connection from `source`, an address of 127.0.0.0/8."""
    made = socket.create_connection(("127.0.0.1", collector.port), seconds, source_address=(source, 0))
    with made:
        yield made


def request(body: bytes, *headers: str, path: str = "/batch/") -> bytes:
    """A whole request as bytes."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answer(connection: socket.socket) -> bytes:
    """The bytes up to the end of an answer with a Content-Length, or up to the end of the connection."""
    found = b""
    with suppress(ConnectionError):
        while part := connection.recv(65536):
            found += part
            head, end, body = found.partition(b"\r\n\r\n")
            if end and len(body) >= _length(head):
                break
    return found


def status(connection: socket.socket) -> int:
    """The status of the next answer; 0 if the connection ends without one."""
    found = answer(connection)
    return int(found.split()[1]) if found else 0


def ended(connection: socket.socket) -> bool:
    """Whether the collector ends the connection, within its time-out."""
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
