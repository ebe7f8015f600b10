"""Webhooks: one POST of JSON to an address of the settings, with a signature where there is a key."""

import hashlib
import hmac
import http.client
import ssl
import urllib.parse
from collections.abc import Callable

import msgspec

from ...runtime import __version__
from ..message import Message
from .connection import STEP_SECONDS, Deadline, DeliveryError, failure_sentence
from .formats import BODIES

SIGNATURE_HEADER, ID_HEADER = "Footfall-Signature", "Footfall-Id"


class WebhookChannel:
    """One webhook.

    Args:
        text: `KIND:URL`, as in `alert_webhooks`.
        key: of the signature of `generic` ones; empty for none.
        clock: epoch seconds.

    Attributes:
        id: has a hash of the address, which is a secret.
        kind: `slack`, `mattermost`, `discord` or `generic`.
        name: the kind, the host and a port that is written.
    """

    def __init__(self, text: str, key: str, clock: Callable[[], float]) -> None:
        self.kind, _, address = text.partition(":")
        self._url = urllib.parse.urlsplit(address)
        self._key, self._clock = key, clock
        self.id = f"{self.kind}-{hashlib.sha256(address.encode()).hexdigest()[:16]}"
        self.name = f"{self.kind} webhook at {self._url.netloc}"

    def send(self, message: Message, deadline: Deadline) -> None:
        """Raises DeliveryError."""
        body = msgspec.json.encode(BODIES[self.kind](message))
        connection = self._connection()
        path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        try:
            with deadline.watching(lambda: connection.sock):
                connection.request("POST", path, body, self._headers(message, body))
                status = connection.getresponse().status
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise DeliveryError(failure_sentence(error)) from None
        finally:
            connection.close()
        if 300 <= status < 400:
            raise DeliveryError(f"it answered {status}, a redirect, which is not followed; write the address itself")
        if not 200 <= status < 300:
            raise DeliveryError(f"it answered {status}")

    def _connection(self) -> http.client.HTTPConnection:
        host = self._url.hostname or ""
        if self._url.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, self._url.port, timeout=STEP_SECONDS, context=context)
        return http.client.HTTPConnection(host, self._url.port, timeout=STEP_SECONDS)

    def _headers(self, message: Message, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "User-Agent": f"footfall-collector/{__version__}"}
        if self.kind != "generic":
            return headers
        headers[ID_HEADER] = message.id
        if self._key:
            headers[SIGNATURE_HEADER] = signature(self._key, int(self._clock()), body)
        return headers


def signature(key: str, at: int, body: bytes) -> str:
    """`t=…,v1=…`: epoch seconds, and the hexadecimal HMAC-SHA256 of these seconds, a full stop and the body."""
    # A variable can have any bytes; Python keeps those that are no UTF-8 as surrogates.
    digest = hmac.new(key.encode("utf-8", "surrogateescape"), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
