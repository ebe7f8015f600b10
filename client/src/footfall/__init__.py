"""Footfall: usage analytics for self-hosted MCP servers.

    from footfall import Product, Telemetry
    from footfall.mcp import instrument

    telemetry = Telemetry(Product("dot-ai", version="2.2.0", write_key="phc_…"))
    instrument(server, telemetry)

Names are imported at their first use: a server with telemetry off imports nothing else. Public is what `__all__` names
in `footfall`, `footfall.mcp`, `footfall.catalogue` and `footfall.testing`; all else may change in any release.
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
