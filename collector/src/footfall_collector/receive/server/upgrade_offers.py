"""Declines offers of another protocol (`Upgrade`), and reads the request as HTTP/1.1.

A server may ignore `Upgrade` (RFC 9110, 7.8). Java's HttpClient offers `h2c` with its first request. httptools stops
after the head of such a request, so the request is parsed again without its offer.
"""

import contextlib

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MAX_OFFERS = 16
"""The limit on requests with an offer in one read: each of them copies the rest of the read."""
_OFFER = frozenset({b"upgrade", b"http2-settings"})
_INVALID = "Invalid HTTP request received."


class UpgradeDeclining(HttpToolsProtocol):
    """uvicorn's protocol; reads every request as HTTP/1.1 and strips the spaces around header values."""

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        for _ in range(_MAX_OFFERS):
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                data = self._head_without_offer() + data[offer.args[0] :]
            except httptools.HttpParserError:
                break
            else:
                return
        self.logger.warning(_INVALID)
        self.send_400_response(_INVALID)

    def _head_without_offer(self) -> bytes:
        """The last parsed head without its offer. Replaces the parser with a new one."""
        parser = self.parser
        lines = [b"%b %b HTTP/%b\r\n" % (parser.get_method(), self.url, parser.get_http_version().encode())]
        for name, value in self.headers:
            kept = value
            if name == b"connection":
                options = (option.strip() for option in value.split(b","))
                kept = b", ".join(option for option in options if option.lower() not in _OFFER)
            if name not in _OFFER and (kept or not value):
                lines.append(b"%b: %b\r\n" % (name, kept))
        self.parser = httptools.HttpRequestParser(self)
        with contextlib.suppress(AttributeError):  # as uvicorn does for older releases of httptools
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return b"".join(lines) + b"\r\n"

    def on_header(self, name: bytes, value: bytes) -> None:
        """Store a header. Spaces around a value do not belong to it (RFC 9110, 5.5); the parser keeps trailing ones."""
        name, value = name.lower(), value.strip(b" \t")
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Start a complete request. A head with an offer is skipped, since it is parsed again without the offer."""
        if not self.parser.should_upgrade():
            super().on_headers_complete()
