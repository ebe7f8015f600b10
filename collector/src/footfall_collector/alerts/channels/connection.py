"""A delivery's bounds: seconds for each step, seconds for all of it, and its end when the collector stops."""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STEP_SECONDS = 10.0
DELIVERY_SECONDS = 30.0


class DeliveryError(Exception):
    """A message did not arrive; the message says why, without the address, a secret or the receiver's words."""


class Deadline:
    """Cuts the connection of a delivery that takes too long, and of any delivery once `stop` was called."""

    def __init__(self, seconds: float = DELIVERY_SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._socket: Callable[[], socket.socket | None] | None = None
        self._stopping = False

    @contextmanager
    def watching(self, current: Callable[[], socket.socket | None]) -> Iterator[None]:
        """`current` gives the socket in use, if there is one. Raises DeliveryError after `stop`."""
        with self._lock:
            if self._stopping:
                raise DeliveryError("the collector is stopping")
            self._socket = current
        timer = threading.Timer(self._seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                self._socket = None

    def stop(self) -> None:
        with self._lock:
            self._stopping = True
        self._cut()

    def _cut(self) -> None:
        with self._lock:
            current = self._socket() if self._socket else None
        if current is not None:
            with contextlib.suppress(OSError):
                current.shutdown(socket.SHUT_RDWR)


def failure_sentence(error: Exception) -> str:
    """Why a connection failed, in the words of this program and of the system."""
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, socket.gaierror):
        return "its host name is unknown"
    strerror = getattr(error, "strerror", None)
    verify_message = getattr(error, "verify_message", None)
    if verify_message:
        return f"its certificate can't be trusted ({verify_message}); SSL_CERT_FILE can name a CA of your own"
    if isinstance(error, ssl.SSLError):
        return f"TLS can't begin there ({error.reason or 'no reason given'}); check the address's scheme and port"
    if isinstance(error, http.client.HTTPException) and not isinstance(error, OSError):
        return f"its answer is no HTTP ({type(error).__name__}); check the address's scheme and port"
    return f"no connection ({strerror})" if isinstance(strerror, str) else f"no answer ({type(error).__name__})"
