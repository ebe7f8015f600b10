"""A PostHog batch: encode, POST once, say what became of it. No retries, no redirects, no cookies here.

`POST {host}/batch/` with a gzip body `{"api_key", "batch": [event…], "sent_at"}`. Each event has `event`,
`properties`, `timestamp`, `uuid` and `distinct_id`.
"""

import os
import time
import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from ..catalogue import WIRE_CONSTANTS
from ..version import __version__

ANSWER_BYTES = 64 << 10
MOST_RETRY_AFTER = 86_400.0
_MAX_DATE = 40
_GZIP_MAGIC = b"\x1f\x8b"
_UTF8_BOM = b"\xef\xbb\xbf"
_encode = msgspec.json.Encoder().encode


class Delivered(msgspec.Struct, frozen=True):
    """The server acknowledged the batch."""


class Retry(msgspec.Struct, frozen=True):
    """Keep the batch. `reason` is one of a closed set of short texts; `after` is what the server asked for, seconds."""

    reason: str
    after: float = 0.0


class Refused(msgspec.Struct, frozen=True):
    """The server will never take this batch as it is (400 or 413)."""

    status: int


Outcome = Delivered | Retry | Refused


def closing(instance: str, shared: Mapping[str, Any]) -> bytes:
    """What the events of one instance have in common: the end of each one's `properties`, and its `distinct_id`."""
    # One is the middle, the other the end of the object; what stands between differs from event to event.
    return b"%s},%s" % (_encode({**shared, **WIRE_CONSTANTS})[1:-1], _encode({"distinct_id": instance})[1:])


def wire_event(name: str, epoch: int, uuid: str, properties: Mapping[str, Any], close: bytes) -> bytes:
    """One event as PostHog wants it, as JSON.

    Args:
        name: of the event, from the catalogue.
        epoch: when it happened, whole seconds.
        uuid: 32 hex digits.
        properties: its own.
        close: see `closing`.
    """
    own = _encode(properties)[1:-1]
    dashed = f"{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}"
    head = f'{{"event":"{name}","timestamp":"{rfc3339(epoch)}","uuid":"{dashed}","properties":{{'
    return b"%s%s%s%s" % (head.encode(), own, b"," if own else b"", close)


@lru_cache(maxsize=256)
def rfc3339(epoch: int) -> str:
    """UTC to the second: `2026-11-24T04:00:00Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


def request_body(key: str, events: Iterable[bytes], sent_at: float) -> bytes:
    """The body before compression. `events` are JSON objects; `sent_at` is in epoch seconds."""
    said = _encode({"api_key": key, "sent_at": rfc3339(int(sent_at))})[:-1]
    return b'%s,"batch":[%s]}' % (said, b",".join(events))


def compressed(body: bytes) -> bytes:
    """gzip without a time or a name in its header."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


def batch_url(host: str) -> str:
    """Where batches go: below the host's path, if it has one, unless that is the batch endpoint already."""
    base = host.rstrip("/")
    return f"{base}/" if base.endswith("/batch") else f"{base}/batch/"


class Poster:
    """Posts to one address over at most one connection. Used by one thread at a time."""

    def __init__(self, host: str, environ: Mapping[str, str] | None = None) -> None:
        self.url = batch_url(host)
        self._environ = os.environ if environ is None else environ
        self._line: Any = None

    def headers(self) -> dict[str, str]:
        """Everything sent besides Host and Content-Length."""
        return {
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "Accept-Encoding": "identity",
            "User-Agent": f"footfall/{__version__}",
        }

    def head(self, packed: bytes) -> str:
        """Request line and headers of the request that carries `packed`, a line each, as `direct` sends them."""
        from urllib.parse import urlsplit

        parts = urlsplit(self.url)
        usual = {"http": 80, "https": 443}.get(parts.scheme)
        host = parts.netloc if parts.port != usual else parts.netloc.rpartition(":")[0] or parts.netloc
        headers = {"Host": host, **self.headers(), "Content-Length": str(len(packed))}
        return "".join(f"{line}\r\n" for line in (f"POST {parts.path} HTTP/1.1", *map(": ".join, headers.items())))

    def post(self, body: bytes, timeout: float = 10.0) -> Outcome:
        """Send a body once; never raises. `timeout` bounds connecting and the whole answer, in seconds each."""
        from .http.deadline import LineError

        try:
            line = self._line = self._line or self._connected()
            status, answer, retry_after = line.exchange(compressed(body), self.headers(), timeout, ANSWER_BYTES)
        except LineError as error:
            self.close()
            return Retry(error.reason)
        except (OSError, ValueError):
            return Retry("the proxy or the certificates that are set can't be used")
        return judge(status, answer, retry_after or "")

    def _connected(self) -> Any:
        # Late: an HTTP library is a good part of what telemetry costs at start, so the first send pays for it.
        from .http.proxy_settings import certificates_from, proxy_for

        proxy, certificates = proxy_for(self.url, self._environ), certificates_from(self._environ)
        if proxy is None:
            from .http.direct import Direct

            return Direct(self.url, certificates)
        from .http.proxied import Proxied

        return Proxied(self.url, certificates, proxy)

    def abandon(self) -> None:
        """In a forked child: let go of the parent's connection. Never raises and takes no lock."""
        if self._line is not None:
            try:
                self._line.abandon()
            except OSError:
                return

    def close(self) -> None:
        """Close the connection, if there is one. The next post reads the environment's proxy again."""
        if self._line is not None:
            self._line.close()
            self._line = None


def judge(status: int, answer: bytes, retry_after: str, now: float | None = None) -> Outcome:
    """What an answer means for the batch. `now` is the time by which a date in Retry-After is read, epoch seconds."""
    if status == 200:
        try:
            said = msgspec.json.decode(_plain(answer))
            acknowledged = type(said) is dict and "status" in said
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, zlib.error):
            acknowledged = False
        # A login page or a captive portal answers 200 too; only PostHog's own answer counts.
        return Delivered() if acknowledged else Retry("the answer is not PostHog's: a proxy or a login page?")
    if status in (400, 413):
        return Refused(status)
    return Retry(f"HTTP status {status}", _seconds(retry_after, time.time() if now is None else now))


def _plain(answer: bytes) -> bytes:
    """The JSON text of an answer that a proxy compressed although the request refuses that, or began with a BOM."""
    if answer.startswith(_GZIP_MAGIC):
        answer = zlib.decompressobj(31).decompress(answer, ANSWER_BYTES)
    return answer.removeprefix(_UTF8_BOM)


def _seconds(retry_after: str, now: float) -> float:
    """Seconds to wait by a Retry-After header: a number, or an HTTP date; 0 for anything else."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit() and len(text) < 9:
        return min(float(text), MOST_RETRY_AFTER)
    # Late: only a date needs it.
    from email.utils import parsedate_to_datetime

    try:
        due = parsedate_to_datetime(text[:_MAX_DATE]).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return 0.0
    return min(max(due - now, 0.0), MOST_RETRY_AFTER)
