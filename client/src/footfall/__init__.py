"""Footfall: usage analytics for self-hosted MCP servers.

    from footfall import Product, Telemetry
    from footfall.mcp import instrument

    telemetry = Telemetry(Product("dot-ai", version="2.2.0", write_key="phc_…"))
    instrument(server, telemetry)

Names are imported at their first use, so that a server with telemetry off imports nothing else.

The public API is the names in `__all__` of four modules: `footfall`, `footfall.mcp` (`instrument`),
`footfall.catalogue` (the events, and the kinds for a product's own) and `footfall.testing` (`capture`). Everything else
is private and may change in any release.
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
