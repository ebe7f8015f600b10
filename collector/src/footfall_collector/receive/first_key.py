"""The first write key: a new collector on loopback adds the key of the first event, so that a trial needs no command.

Every page that a browser shows can send requests to loopback. A first key is therefore taken only from what
no page can send: a POST without a browser's headers. And it is taken only for some minutes after a start that said so.
"""

import logging
import time
from collections.abc import Callable

from ..runtime import quantity
from .asgi import Scope, header_list, headers_by_name
from .refusals import RefusedError

_log = logging.getLogger(__name__)
_OWN_SITE = (b"", b"none", b"same-origin")


def _uptime() -> float:
    # Linux counts the time of a suspended machine in this clock only.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class FirstKeyWindow:
    """The time in which a first key is taken.

    Args:
        seconds: its length.
        clock: seconds since any moment, which nobody sets.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = _uptime) -> None:
        self._seconds, self._clock = seconds, clock
        self._ends = float("-inf")
        self._logged: set[str] = set()

    def open(self) -> None:
        """Begin, once the operator can read that it does."""
        self._ends = self._clock() + self._seconds

    def announcement(self, product: str) -> str:
        """The sentence about `product`'s first key at the start, without its full stop."""
        command = _add_command(product)
        if not self._seconds:
            return f"no write key is known yet: {command} adds one"
        first = f"the first one that a server sends within {_length(self._seconds)} is added for {product}"
        return f"no write key is known yet: {first}; {command} adds one at any time"

    def check(self, scope: Scope, product: str) -> None:
        """Raises RefusedError (401) for a request that a page could have sent, or after the end."""
        if _may_be_of_a_page(scope):
            self._refuse(f"A web page can't add the first write key; {_add_command(product)} adds it.")
        if self._clock() >= self._ends:
            self._refuse(
                f"No write key is known here, and a first one is added only within {_length(self._seconds)} after a "
                f"start: {_add_command(product)} adds it, or restart the collector."
                if self._seconds
                else f"No write key is known here; {_add_command(product)} adds it."
            )

    def _refuse(self, sentence: str) -> None:
        if sentence not in self._logged:
            self._logged.add(sentence)
            _log.warning("refused a first write key: %s", sentence[0].lower() + sentence[1:].rstrip("."))
        raise RefusedError(401, "unknown_key", sentence)


def _add_command(product: str) -> str:
    return f"`footfall-collector keys add --product {product} KEY`"


def _length(seconds: float) -> str:
    return quantity(round(seconds / 60), "minute") if seconds >= 60 else quantity(round(seconds), "second")


def _may_be_of_a_page(scope: Scope) -> bool:
    """Whether a page could make a browser send this: an image, a form, a beacon, `fetch` or an SDK in a page.

    Browsers add Origin to each POST of a page, and Sec-Fetch-Site to every request.
    """
    if scope["method"] != "POST":
        return True
    names = headers_by_name(scope)
    if b"origin" in names or b"referer" in names:
        return True
    sites = header_list(scope, b"sec-fetch-site").split(b",")
    return any(site.strip().lower() not in _OWN_SITE for site in sites)
