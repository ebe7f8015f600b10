"""uvicorn's HTTP protocol with limits on each connection, and a fast path for complete requests.

A connection is registered by `connections`, which bounds number, time and size. `fast_path` answers a POST of events
that arrives in one read by plain calls to the pipeline, and leaves every other request to uvicorn. An address becomes
a peer's name here and goes no further. Used by the composition root.
"""

from .connections import Connections
from .fast_path import FastPath

__all__ = ["Connections", "FastPath"]
