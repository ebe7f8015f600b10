"""The collector's log: lines on stderr, as text or as JSON, with times in UTC. Nothing of a request is in them.

A JSON line has the keys `time` (RFC 3339, UTC), `level`, `logger`, `message`, and where an exception was caught
`exception` (its class) and `trace` (where it was raised); a record may bring more keys (`EXTRA_KEYS`).
An exception's own message may quote its input, so both forms leave it out.
"""

import logging
import time
import traceback
from datetime import UTC, datetime
from types import TracebackType

import msgspec

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

EXTRA_KEYS = "fields"
"""The name in `extra` under which a record carries more keys of its JSON line."""


class _TextFormatter(logging.Formatter):
    """The time is UTC, with its zone, as in a JSON line: logs of several machines can be put together."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 -- the name is logging's
        kind, _, trace = ei
        if kind is None:
            return ""
        return "".join(traceback.format_tb(trace)) + kind.__name__


def printable(text: str) -> str:
    """A text for JSON and UTF-8: bytes of a path that are no text are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": printable(record.getMessage()),
            **{k: printable(v) if isinstance(v, str) else v for k, v in getattr(record, EXTRA_KEYS, {}).items()},
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["trace"] = "".join(traceback.format_tb(record.exc_info[2]))
        return msgspec.json.encode(line).decode()


class _DropClosedConnections(logging.Filter):
    """A client that leaves before its answer is no error of the collector; the event loop logs a RuntimeError."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not (isinstance(error, RuntimeError) and "the handler is closed" in str(error))


def set_up_logging(log_format: str = "text") -> None:
    """Send the log to stderr as `text` or `json`; of the HTTP server only errors are logged."""
    handler = logging.StreamHandler()
    text = _TextFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    text.converter = time.gmtime
    handler.setFormatter(_JsonFormatter() if log_format == "json" else text)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.asgi"):
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("uvicorn.error").addFilter(_DropClosedConnections())
