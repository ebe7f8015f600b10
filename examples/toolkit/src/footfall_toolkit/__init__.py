"""The example server of Footfall: an MCP server named `dot-ai` with read-only Kubernetes tools.

`__main__` starts it, over stdio or over HTTP by `listening`. `server` declares the tools, and `tools` has the code of
each. A tool reads the cluster through `cluster` and `kinds`, hides secrets with `redact` and turns exceptions into
sentences with `failures`. `documents` and `schemas` check manifests without a cluster.
"""

__version__ = "2.2.0"
__all__ = ["__version__"]
