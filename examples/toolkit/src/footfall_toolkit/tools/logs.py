"""`logs`: the end of a container's log."""

from ..cluster import Cluster
from ..failures import explained
from ..kinds import Kind

_BYTES = 64 * 1024


def logs(cluster: Cluster, pod: str, namespace: str, container: str | None, tail_lines: int, previous: bool) -> str:
    """At most `tail_lines` lines and 64 KiB; text that is not UTF-8 is shown with replacement characters."""
    parameters = [("tailLines", str(tail_lines)), ("limitBytes", str(_BYTES))]
    if container:
        parameters.append(("container", container))
    if previous:
        parameters.append(("previous", "true"))
    with explained():
        path = Kind("v1", "pods", "Pod", namespaced=True).path(namespace, pod) + "/log"
        return cluster.read(path, parameters, "text/plain, application/json").decode("utf-8", "replace")
