"""Connections with a deadline for the whole answer, not only for each read: a slow server can't block the sender.

Interim answers (`103 Early Hints`, `102 Processing`) are skipped: http.client skips `100 Continue` only.
"""

import io
import socket
import time
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any

DEFAULT_SECONDS = 10.0
"""The deadline of a whole answer on a connection without a timeout."""
MAX_INTERIM = 10
_SWITCHING_PROTOCOLS = 101
"""A final answer, although it is below 200: the bytes after it are not HTTP."""
_MAX_INTERIM_HEADERS = 100
_MAX_HEADER_BYTES = 64 << 10


class ConnectionFailedError(Exception):
    """No answer arrived. `reason` is one of a closed set of short texts, without names and addresses.

    `lost`: not the network's fault, but that of code in this process that closed the socket's number.
    """

    def __init__(self, reason: str, *, lost: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.lost = lost


class FinalResponse(HTTPResponse):
    """A final answer; skips at most `MAX_INTERIM` interim answers before it."""

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(MAX_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc] # http.client's own, not in its types
            if not 100 <= status < 200 or status == _SWITCHING_PROTOCOLS:
                return version, status, reason
            self._skip_headers()
        raise HTTPException("too many interim answers")

    def _skip_headers(self) -> None:
        for _ in range(_MAX_INTERIM_HEADERS):
            if self.fp.readline(_MAX_HEADER_BYTES) in (b"\r\n", b"\n", b""):
                return
        raise HTTPException("an interim answer with too many headers")


class _DeadlineReader(io.RawIOBase):
    """The readable side of a socket; each read times out at the deadline.

    Reads through the socket's file, which keeps the connection open until the answer is read: http.client closes the
    socket earlier if the answer has `Connection: close`.
    """

    def __init__(self, sock: Any, deadline: float) -> None:
        self._sock = sock
        self._file = sock.makefile("rb", buffering=0)
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(left)
        return int(self._file.readinto(buffer))

    def close(self) -> None:
        self._file.close()
        super().close()


class _DeadlineSocket:
    """Wraps a connected socket; all operations except reading go to the socket itself."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def makefile(self, mode: str, *_: Any, **__: Any) -> io.BufferedReader:
        # http.client makes one file per answer, so every answer gets its own deadline: the read timeout.
        seconds = self._sock.gettimeout() or DEFAULT_SECONDS
        return io.BufferedReader(_DeadlineReader(self._sock, time.monotonic() + seconds))


if TYPE_CHECKING:
    from http.client import HTTPConnection as _Connection
else:
    _Connection = object


class AnswerDeadline(_Connection):
    """A mixin for connection classes with http.client's methods: answers are final ones and have deadlines."""

    response_class = FinalResponse

    def connect(self) -> None:
        super().connect()
        self.sock: Any = _DeadlineSocket(self.sock)

    def _tunnel(self) -> None:
        # A proxy's answer to CONNECT has a deadline too. The TLS handshake that follows needs the real socket.
        real = self.sock
        self.sock = _DeadlineSocket(real)
        try:
            super()._tunnel()  # type: ignore[misc] # http.client's own; the types leave it out
        finally:
            self.sock = real
