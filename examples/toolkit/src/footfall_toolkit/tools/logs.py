"""`logs`: the end of a container's log."""

from ..cluster import Cluster
from ..failures import explain_failures
from ..kinds import Kind

_MAX_BYTES = 64 * 1024


def logs(cluster: Cluster, pod: str, namespace: str, container: str | None, tail_lines: int, previous: bool) -> str:
    """At most `tail_lines` lines and 64 KiB; bytes that are not UTF-8 become replacement characters."""
    parameters = [("tailLines", str(tail_lines)), ("limitBytes", str(_MAX_BYTES))]
    if container:
        parameters.append(("container", container))
    if previous:
        parameters.append(("previous", "true"))
    with explain_failures():
        path = Kind("v1", "pods", "Pod", namespaced=True).path(namespace, pod) + "/log"
        return cluster.read(path, parameters, "text/plain, application/json").decode("utf-8", "replace")
