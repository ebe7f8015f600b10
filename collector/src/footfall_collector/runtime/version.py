"""The collector's own version: in backups, in the API's description and at its MCP endpoint."""

__version__ = "0.1.0"
