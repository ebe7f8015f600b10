"""uvicorn's HTTP protocol with limits on each connection, and a short path for whole requests.

`connections` bounds what a connection may take; `fast_path` answers a request that came in one read by plain calls.
"""

from .connections import Connections
from .fast_path import FastPath

__all__ = ["Connections", "FastPath"]
