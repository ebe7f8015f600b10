"""The type of an HTTP endpoint. It runs in a worker thread, since a query blocks."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

Endpoint = Callable[[Request], Response]
