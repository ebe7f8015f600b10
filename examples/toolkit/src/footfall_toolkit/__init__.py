"""The example host of Footfall: an MCP server with read-only Kubernetes tools, named `dot-ai`."""

__version__ = "2.2.0"
__all__ = ["__version__"]
