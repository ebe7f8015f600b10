"""The wire: PostHog's batch encoded, posted once, and its answer interpreted. No retries, redirects or cookies here.

`POST {host}/batch/` with a gzip body `{"api_key", "batch": [event…], "sent_at"}`. Each event has `event`,
`properties`, `timestamp`, `uuid` and `distinct_id`.
"""

import os
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from ..catalogue import WIRE_CONSTANTS
from ..runtime.nesting import is_nested_deep
from ..version import __version__

MAX_ANSWER_BYTES = 64 << 10
MAX_RETRY_AFTER_SECONDS = 86_400.0
_MAX_DATE = 40
_GZIP_MAGIC = b"\x1f\x8b"
_UTF8_BOM = b"\xef\xbb\xbf"
_encode = msgspec.json.Encoder().encode


class Delivered(msgspec.Struct, frozen=True):
    """The server acknowledged the batch."""


class Retry(msgspec.Struct, frozen=True):
    """Keep the batch. `reason` is one of a closed set of short texts; `after` is the server's wish in seconds."""

    reason: str
    after: float = 0.0


class Refused(msgspec.Struct, frozen=True):
    """The server will never accept this batch as it is (400 or 413)."""

    status: int


Outcome = Delivered | Retry | Refused


# Encoding ----------------------------------------------------------------------------------------------------


def event_suffix(instance_id: str, shared: Mapping[str, Any]) -> bytes:
    """The end that all events of an instance share: the last of their `properties`, and their `distinct_id`."""
    constants = _encode({**shared, **WIRE_CONSTANTS})[1:-1]
    return b"%s},%s" % (constants, _encode({"distinct_id": instance_id})[1:])


def encode_members(properties: Mapping[str, Any]) -> bytes:
    """Properties as the members of a JSON object, without its braces."""
    return _encode(properties)[1:-1]


def event_prefix(name: str, epoch: int) -> bytes:
    """The beginning of an event, up to its UUID. `name` is from the catalogue, `epoch` its time in whole seconds."""
    return b'{"event":"%s","timestamp":"%s","uuid":"' % (name.encode(), rfc3339(epoch).encode())


def event_rest(members: bytes, suffix: bytes) -> bytes:
    """The end of an event, from its UUID on.

    Args:
        members: the properties that are not in `suffix`; see `encode_members`.
        suffix: see `event_suffix`.
    """
    return b'","properties":{%s%s%s' % (members, b"," if members else b"", suffix)


def encode_event(prefix: bytes, uuid: bytes, rest: bytes) -> bytes:
    """One event as PostHog expects it, as JSON. `uuid` is 32 hex digits."""
    return b"%s%s-%s-%s-%s-%s%s" % (prefix, uuid[:8], uuid[8:12], uuid[12:16], uuid[16:20], uuid[20:], rest)


@lru_cache(maxsize=256)
def rfc3339(epoch: int) -> str:
    """UTC to the second: `2026-11-24T04:00:00Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


def request_body(key: str, events: Iterable[bytes], sent_at: float) -> bytes:
    """The body before compression. `events` are JSON objects; `sent_at` is in epoch seconds."""
    envelope = _encode({"api_key": key, "sent_at": rfc3339(int(sent_at))})[:-1]
    # One copy each: formatting would copy a large body several times.
    return b"".join((envelope, b',"batch":[', b",".join(events), b"]}"))


def compressed(body: bytes) -> bytes:
    """gzip without a time or a name in its header."""
    # Level 6 would take twice the time for a tenth less: what events share is found at once.
    compressor = zlib.compressobj(3, zlib.DEFLATED, 31)
    return compressor.compress(body) + compressor.flush()


# Posting -----------------------------------------------------------------------------------------------------


def batch_url(host: str) -> str:
    """The batch endpoint of a host: below its path, if it has one that is not the batch endpoint itself."""
    base = host.rstrip("/")
    return f"{base}/" if base.endswith("/batch") else f"{base}/batch/"


class BatchSender:
    """Posts batches to one host over at most one connection. Used by one thread at a time."""

    def __init__(self, host: str, environ: Mapping[str, str] | None = None) -> None:
        self.url = batch_url(host)
        self._environ = os.environ if environ is None else environ
        self._connection: Any = None

    def headers(self) -> dict[str, str]:
        """All headers besides Host and Content-Length."""
        return {
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "Accept-Encoding": "identity",
            "User-Agent": f"footfall/{__version__}",
        }

    def request_head(self, compressed_body: bytes) -> str:
        """Request line and headers as `http.direct` sends them with a body, each ending with CRLF."""
        from urllib.parse import urlsplit

        parts = urlsplit(self.url)
        default_port = {"http": 80, "https": 443}.get(parts.scheme)
        host = parts.netloc if parts.port != default_port else parts.netloc.rpartition(":")[0] or parts.netloc
        headers = {"Host": host, **self.headers(), "Content-Length": str(len(compressed_body))}
        return "".join(f"{line}\r\n" for line in (f"POST {parts.path} HTTP/1.1", *map(": ".join, headers.items())))

    def post(self, body: bytes, timeout: float = 10.0) -> Outcome:
        """Send a body once; never raises. `timeout` bounds connecting and the whole answer, in seconds each."""
        from .http.deadline import ConnectionFailedError

        try:
            try:
                return self._post_once(body, timeout)
            except ConnectionFailedError as error:
                self.close()
                if not error.lost:
                    raise
                return self._post_once(body, timeout)
        except ConnectionFailedError as error:
            self.close()
            return Retry(error.reason)
        except (OSError, ValueError):
            return Retry("the proxy or the certificates that are set can't be used")

    def _post_once(self, body: bytes, timeout: float) -> Outcome:
        connection = self._connection = self._connection or self._connect()
        status, answer, retry_after = connection.post(compressed(body), self.headers(), timeout, MAX_ANSWER_BYTES)
        return interpret_answer(status, answer, retry_after or "")

    def _connect(self) -> Any:
        # Imported late: an HTTP library is a large part of telemetry's cost at start, so the first send pays for it.
        from .http.proxy_settings import certificates_from, proxy_for

        proxy, certificates = proxy_for(self.url, self._environ), certificates_from(self._environ)
        if proxy is None:
            from .http.direct import DirectConnection

            return DirectConnection(self.url, certificates)
        from .http.proxied import ProxiedConnection

        return ProxiedConnection(self.url, certificates, proxy)

    def log_problems(self, log: Callable[[str], None]) -> None:
        """Log a sentence for each variable for proxies or certificates with which no connection can be made."""
        # Imported late, for the first send needs it anyway.
        from .http.proxy_settings import connection_problems

        for problem in connection_problems(self.url, self._environ):
            log(problem)

    def abandon(self) -> None:
        """In a forked child: let go of the parent's connection. Never raises and takes no lock."""
        if self._connection is not None:
            try:
                self._connection.abandon()
            except OSError:
                return

    def close(self) -> None:
        """Close the connection, if there is one. The next post reads the environment's proxy again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


# The answer --------------------------------------------------------------------------------------------------


def interpret_answer(status: int, answer: bytes, retry_after: str, now: float | None = None) -> Outcome:
    """The meaning of an answer for the batch. A date in Retry-After is compared with `now`, epoch seconds."""
    if status == 200:
        try:
            text = _json_text(answer)
            decoded = None if is_nested_deep(text) else msgspec.json.decode(text)
            acknowledged = type(decoded) is dict and "status" in decoded
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, zlib.error):
            acknowledged = False
        # A login page or a captive portal answers 200 too; only PostHog's own answer counts.
        return Delivered() if acknowledged else Retry("the answer is not PostHog's: a proxy or a login page?")
    if status in (400, 413):
        return Refused(status)
    return Retry(f"HTTP status {status}", _seconds_to_wait(retry_after, time.time() if now is None else now))


def _json_text(answer: bytes) -> bytes:
    """The JSON text of an answer that begins with a BOM, or that a proxy compressed although the request forbids it."""
    if answer.startswith(_GZIP_MAGIC):
        answer = zlib.decompressobj(31).decompress(answer, MAX_ANSWER_BYTES)
    return answer.removeprefix(_UTF8_BOM)


def _seconds_to_wait(retry_after: str, now: float) -> float:
    """Seconds to wait by a Retry-After header: a number, or an HTTP date; 0 for anything else."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit() and len(text) < 9:
        return min(float(text), MAX_RETRY_AFTER_SECONDS)
    # Imported late: only a date needs it.
    from email.utils import parsedate_to_datetime

    try:
        due = parsedate_to_datetime(text[:_MAX_DATE]).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return 0.0
    return min(max(due - now, 0.0), MAX_RETRY_AFTER_SECONDS)
