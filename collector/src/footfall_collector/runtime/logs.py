"""The collector's log: lines on stderr, as text or as JSON. Nothing of a request is in them.

A JSON line has the keys `time` (RFC 3339, UTC), `level`, `logger`, `message`, and where an exception was caught
`exception` (its class) and `trace` (where it came from); a record may bring more keys (`FIELDS`).
An exception's own message may quote what it could not read, so it is left out in both forms.
"""

import logging
import traceback
from datetime import UTC, datetime
from types import TracebackType

import msgspec

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


FIELDS = "fields"
"""What a record may carry as `extra`: more keys of its JSON line."""


class _Discreet(logging.Formatter):
    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 -- the name is logging's
        kind, _, trace = ei
        if kind is None:
            return ""
        return "".join(traceback.format_tb(trace)) + kind.__name__


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["trace"] = "".join(traceback.format_tb(record.exc_info[2]))
        return msgspec.json.encode(line).decode()


class _NotOfClientsThatLeft(logging.Filter):
    """Who leaves before the answer is no error of ours; the event loop tells of it with a RuntimeError."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not (isinstance(error, RuntimeError) and "the handler is closed" in str(error))


def set_up_logging(form: str = "text") -> None:
    """Send the log to stderr as `text` or `json`; the HTTP server may only say what went wrong in it."""
    handler = logging.StreamHandler()
    text = _Discreet("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(_JsonLines() if form == "json" else text)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.asgi"):
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("uvicorn.error").addFilter(_NotOfClientsThatLeft())
