"""`version`: what runs here, and against what."""

from typing import Any

from mcp.server.mcpserver.exceptions import ToolError

from .. import __version__
from ..cluster import Cluster
from ..failures import explained


def version(cluster: Cluster) -> dict[str, Any]:
    """The server's version and the cluster's; without a cluster `kubernetes` is null and `problem` says why.

    A server that can't reach its cluster still has a version, so this never fails.
    """
    try:
        with explained():
            found = cluster.get("/version")
    except ToolError as error:
        return {"server": __version__, "kubernetes": None, "problem": str(error)}
    return {"server": __version__, "kubernetes": found.get("gitVersion"), "platform": found.get("platform")}
