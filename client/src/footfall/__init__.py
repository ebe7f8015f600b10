"""Footfall: usage analytics for self-hosted MCP servers.

    from footfall import Product, Telemetry
    from footfall.mcp import instrument

    telemetry = Telemetry(Product("dot-ai", version="2.2.0", write_key="phc_…"))
    instrument(server, telemetry)

Names are imported when first used, so that a server with telemetry off pays for nothing.
"""

from typing import TYPE_CHECKING, Any

from .version import __version__

__all__ = ["Product", "Telemetry", "__version__"]

if TYPE_CHECKING:
    from .settings import Product
    from .telemetry import Telemetry


def __getattr__(name: str) -> Any:
    if name == "Product":
        from .settings.product import Product

        return Product
    if name == "Telemetry":
        from .telemetry import Telemetry

        return Telemetry
    raise AttributeError(f"module 'footfall' has no attribute {name!r}")
