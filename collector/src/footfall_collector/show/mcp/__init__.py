"""`/mcp`: the answers as read-only MCP tools. `redaction` keeps whatever a request said out of answers and logs."""

from .endpoint import PATH, Assistant

__all__ = ["PATH", "Assistant"]
