"""The collector's log: lines on stderr. A traceback names its exception's type, never its message, which may quote."""

import logging
import traceback
from types import TracebackType


class _Discreet(logging.Formatter):
    def formatException(  # noqa: N802 -- the name is logging's
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        kind, _, trace = ei
        if kind is None:
            return ""
        return "".join(traceback.format_tb(trace)) + kind.__name__


def set_up_logging() -> None:
    """Send the log to stderr; the HTTP server may only say what went wrong in it."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Discreet("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.asgi"):
        logging.getLogger(name).setLevel(logging.ERROR)
