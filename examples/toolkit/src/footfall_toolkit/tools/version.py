"""`version`: the versions of this server and of the cluster."""

from typing import Any

from mcp.server.mcpserver.exceptions import ToolError

from .. import __version__
from ..cluster import Cluster
from ..failures import explain_failures


def version(cluster: Cluster) -> dict[str, Any]:
    """The server's version and the cluster's. Without a cluster `kubernetes` is null and `problem` says why.

    It never fails, because a server that can't reach its cluster still has a version.
    """
    try:
        with explain_failures():
            answer = cluster.get("/version")
    except ToolError as error:
        return {"server": __version__, "kubernetes": None, "problem": str(error)}
    return {"server": __version__, "kubernetes": answer.get("gitVersion"), "platform": answer.get("platform")}
