"""The running collector: the one place that makes and joins every part.

`server.serve` binds the socket and runs uvicorn; `collector` builds the parts, then `start`s and `stop`s them;
`gauges`, `metrics_route` and `probes` are what operators read; `greeting` is the output at the start. Nothing imports
this package but the command line, inside `serve`: it loads every other package.
"""

from .collector import Collector
from .greeting import greeting_lines
from .server import PortTakenError, serve

__all__ = ["Collector", "PortTakenError", "greeting_lines", "serve"]
