"""`/mcp`: the answers of the dashboard as read-only MCP tools.

A request passes `endpoint`, which loads the rest on the first one, `redaction`, which keeps a request's content out of
the answers and the log, and `server`; `tools` reads the same answers as the pages, and `untrusted` marks the values in
them that senders chose. A browser gets the page of `about`. Needs the extra `footfall-collector[mcp]`; without it every
request of a program is answered with 501. Used by `show.routes`.
"""

from .about import AboutPage
from .endpoint import PATH, McpEndpoint, PageOrigins

__all__ = ["PATH", "AboutPage", "McpEndpoint", "PageOrigins"]
