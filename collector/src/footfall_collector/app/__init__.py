"""The running collector: `collector` makes and joins every part, and nothing else does.

`gauges` and `health_routes` show its state to machines, `greeting` to the person who starts it. Only `cli` imports this
package.
"""

from .collector import Collector, PortTakenError, serve
from .greeting import greeting_lines

__all__ = ["Collector", "PortTakenError", "greeting_lines", "serve"]
